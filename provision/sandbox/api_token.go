package sandbox

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

var (
	// tokenPattern matches the old format with 40 characters, and a prefix, 40 characters and a checksum.
	tokenPattern = lazyRegexp(`^([A-Za-z0-9_-]{40}|cf(ut|at)_[A-Za-z0-9_-]{40}[0-9a-f]{8})$`)
	keyPattern   = lazyRegexp(`^([0-9a-f]{37}|cfk_[A-Za-z0-9_-]{40}[0-9a-f]{8})$`)
)

// family is a part of the API with its own errors for invalid credentials.
type family int

const (
	familyZones   family = iota // /zones and /user
	familyAccount               // /accounts
	familyVerify                // the two endpoints that verify tokens
)

// authenticate returns the token of a request. A token in the state is valid whatever its format.
func (s *state) authenticate(h http.Header, f family, path string) (*token, *apiError) {
	if h.Get("Authorization") == "" {
		return nil, noTokenError(h, f, path)
	}
	scheme, value, _ := strings.Cut(h.Get("Authorization"), " ")
	value = strings.TrimSpace(value)
	if strings.EqualFold(scheme, "Bearer") {
		for _, t := range s.Tokens {
			if t.Value == value {
				return s.checkStatus(t, f)
			}
		}
	}
	if !strings.EqualFold(scheme, "Bearer") || !tokenPattern().MatchString(value) {
		if f == familyAccount {
			return nil, newError(http.StatusBadRequest, 9106, "Authentication failed (status: 400)")
		}
		return nil, chained(6003, "Invalid request headers", 6111, "Invalid format for Authorization header")
	}
	return nil, unknownToken(f)
}

// checkStatus returns an error for a token that is not active. A disabled token can still be verified; elsewhere it is
// treated like an unknown one.
func (s *state) checkStatus(t *token, f family) (*token, *apiError) {
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
		return newError(http.StatusUnauthorized, 10000, "Authentication error")
	case familyVerify:
		return newError(http.StatusUnauthorized, 1000, "Invalid API Token")
	}
	return newError(http.StatusForbidden, 9109, "Invalid access token")
}

// noTokenError returns the error for a request with the global API key, which the sandbox does not have, or without
// credentials.
func noTokenError(h http.Header, f family, path string) *apiError {
	key, mail := h.Get("X-Auth-Key"), h.Get("X-Auth-Email")
	switch {
	case key == "" && mail == "" && f == familyVerify && strings.Contains(path, "/accounts/"):
		return newError(http.StatusUnauthorized, 1001, "Missing authentication token")
	case key == "" || mail == "":
		return newError(http.StatusBadRequest, 9106, "Missing X-Auth-Key, X-Auth-Email or Authorization headers")
	case !keyPattern().MatchString(key):
		return chained(6003, "Invalid request headers", 6103, "Invalid format for X-Auth-Key header")
	}
	return newError(http.StatusForbidden, 9103, "Unknown X-Auth-Key or X-Auth-Email")
}

type tokenStatus struct {
	ID        string `json:"id"`
	Status    string `json:"status"`
	ExpiresOn string `json:"expires_on,omitempty"`
}

// verifyToken serves both endpoints, for the tokens of users and of accounts. Each accepts only its own kind.
func verifyToken(c *call) (*apiResponse, error) {
	owned := c.token.Account != ""
	if owned != (c.account != nil) {
		return nil, unknownToken(familyVerify)
	}
	status := c.state.status(c.token)
	a := &apiResponse{result: tokenStatus{ID: c.token.ID, Status: status, ExpiresOn: c.token.ExpiresOn}}
	if status == statusActive {
		a.messages = []notice{{Code: 10000, Message: "This API Token is valid and active"}}
	} else {
		a.messages = []notice{{Code: 10000, Message: fmt.Sprintf("This API Token is %s", status)}}
	}
	return a, nil
}

func listPermissionGroups(c *call) (*apiResponse, error) {
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
	return &apiResponse{result: groups}, nil
}
