package cloudflare

import (
	"regexp"
	"strings"

	"github.com/cfproxy/cfproxy/provision/errcode"
)

var (
	tokenPattern     = regexp.MustCompile(`^[A-Za-z0-9_-]{8,200}$`)
	globalKeyPattern = regexp.MustCompile(`^(cfk_[A-Za-z0-9_-]+|[0-9a-f]{37})$`)
)

// CheckToken tells a string that cannot be an API token before it is sent anywhere: none at all, a Global API Key, a key
// of an LLM provider, quotes or blanks around it. New tokens begin with cfut_ or cfat_, old ones are 40 characters; both
// have letters, digits, - and _ alone.
// https://developers.cloudflare.com/fundamentals/api/get-started/token-formats
func CheckToken(token string) error {
	switch {
	case token == "":
		return &errcode.Error{Code: errcode.TokenMissing}
	case globalKeyPattern.MatchString(token):
		return &errcode.Error{Code: errcode.TokenGlobalKey}
	case strings.HasPrefix(token, "sk-") || !tokenPattern.MatchString(token):
		return &errcode.Error{Code: errcode.TokenMalformed}
	}
	return nil
}
