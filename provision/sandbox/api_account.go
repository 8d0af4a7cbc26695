package sandbox

type accountView struct {
	ID        string          `json:"id"`
	Name      string          `json:"name"`
	Type      string          `json:"type"`
	Settings  accountSettings `json:"settings"`
	CreatedOn string          `json:"created_on"`
}

type accountSettings struct {
	EnforceTwofactor  bool    `json:"enforce_twofactor"`
	AbuseContactEmail *string `json:"abuse_contact_email"`
}

func (a *account) view() accountView {
	return accountView{ID: a.ID, Name: a.Name, Type: "standard", CreatedOn: epoch}
}

// listAccounts returns the accounts for which the token has any permission.
func listAccounts(c *call) (*apiResponse, error) {
	if err := oneOf(c.query, "direction", "asc", "desc"); err != nil {
		return nil, err
	}
	views := []accountView{}
	for _, a := range shuffled(c.state.Accounts, func(a *account) string { return a.ID }) {
		if !c.token.canAccess(a) || !c.token.hasPermission(accountReaders()) {
			continue
		}
		if name := c.query.Get("name"); name == "" || name == a.Name {
			views = append(views, a.view())
		}
	}
	if d := c.query.Get("direction"); d != "" {
		views = sorted(views, func(v accountView) string { return v.Name }, d)
	}
	part, info, err := page(c.query, views, 20, 5, 50)
	if err != nil {
		return nil, err
	}
	return &apiResponse{result: part, info: info}, nil
}

func getAccount(c *call) (*apiResponse, error) {
	return &apiResponse{result: c.account.view()}, nil
}
