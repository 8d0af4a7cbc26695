package sandbox

import (
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"time"
)

var (
	// tokenPattern: the old 40 characters, or a prefix, 40 characters and a checksum.
	tokenPattern = regexp.MustCompile(`^([A-Za-z0-9_-]{40}|cf(ut|at)_[A-Za-z0-9_-]{40}[0-9a-f]{8})$`)
	keyPattern   = regexp.MustCompile(`^([0-9a-f]{37}|cfk_[A-Za-z0-9_-]{40}[0-9a-f]{8})$`)
)

// family is a part of the API with its own words for bad credentials.
type family int

const (
	familyZones   family = iota // /zones and /user
	familyAccount               // /accounts
	familyVerify                // the two token verifications
)

// authenticate finds the token of a request. A stored value is good whatever its shape.
func (s *state) authenticate(h http.Header, f family, path string) (*token, *apiError) {
	if h.Get("Authorization") == "" {
		return nil, legacy(h, f, path)
	}
	scheme, value, _ := strings.Cut(h.Get("Authorization"), " ")
	value = strings.TrimSpace(value)
	if strings.EqualFold(scheme, "Bearer") {
		for _, t := range s.Tokens {
			if t.Value == value {
				return s.admit(t, f)
			}
		}
	}
	if !strings.EqualFold(scheme, "Bearer") || !tokenPattern.MatchString(value) {
		if f == familyAccount {
			return nil, refuse(http.StatusBadRequest, 9106, "Authentication failed (status: 400)")
		}
		return nil, chained(http.StatusBadRequest, 6003, "Invalid request headers", 6111, "Invalid format for Authorization header")
	}
	return nil, unknownToken(f)
}

// admit lets a disabled token only have itself verified; elsewhere it is as good as unknown.
func (s *state) admit(t *token, f family) (*token, *apiError) {
	if f != familyVerify && s.status(t) != statusActive {
		return nil, unknownToken(f)
	}
	return t, nil
}

func (s *state) status(t *token) string {
	if t.Status == statusActive && t.ExpiresOn != "" {
		if end, err := time.Parse(time.RFC3339, t.ExpiresOn); err == nil && s.now().After(end) {
			return "expired"
		}
	}
	return t.Status
}

func unknownToken(f family) *apiError {
	switch f {
	case familyAccount:
		return refuse(http.StatusUnauthorized, 10000, "Authentication error")
	case familyVerify:
		return refuse(http.StatusUnauthorized, 1000, "Invalid API Token")
	}
	return refuse(http.StatusForbidden, 9109, "Invalid access token")
}

// legacy answers requests with the global key, of which the sandbox has none, or with no credentials at all.
func legacy(h http.Header, f family, path string) *apiError {
	key, mail := h.Get("X-Auth-Key"), h.Get("X-Auth-Email")
	switch {
	case key == "" && mail == "" && f == familyVerify && strings.Contains(path, "/accounts/"):
		return refuse(http.StatusUnauthorized, 1001, "Missing authentication token")
	case key == "" || mail == "":
		return refuse(http.StatusBadRequest, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers")
	case !keyPattern.MatchString(key):
		return chained(http.StatusBadRequest, 6003, "Invalid request headers", 6103, "Invalid format for X-Auth-Key header")
	}
	return refuse(http.StatusForbidden, 9103, "Unknown X-Auth-Key or X-Auth-Email")
}

type tokenStatus struct {
	ID        string `json:"id"`
	Status    string `json:"status"`
	ExpiresOn string `json:"expires_on,omitempty"`
}

// verifyToken serves both verifications; each knows only its own kind of token.
func verifyToken(c *call) (*answer, error) {
	owned := c.token.Account != ""
	if owned != (c.account != nil) {
		return nil, unknownToken(familyVerify)
	}
	status := c.state.status(c.token)
	a := &answer{result: tokenStatus{ID: c.token.ID, Status: status, ExpiresOn: c.token.ExpiresOn}}
	if status == statusActive {
		a.messages = []notice{{Code: 10000, Message: "This API Token is valid and active"}}
	} else {
		a.messages = []notice{{Code: 10000, Message: fmt.Sprintf("This API Token is %s", status)}}
	}
	return a, nil
}

func listPermissionGroups(c *call) (*answer, error) {
	if c.account == nil && c.token.Account != "" {
		return nil, unreachable()
	}
	groups := []permissionGroup{}
	for _, g := range permissionGroups() {
		if name := c.query.Get("name"); name != "" && g.Name != name {
			continue
		}
		if scope := c.query.Get("scope"); scope != "" && g.Scopes[0] != scope {
			continue
		}
		if c.account == nil || g.Scopes[0] != scopeUser {
			groups = append(groups, g)
		}
	}
	return &answer{result: groups}, nil
}
