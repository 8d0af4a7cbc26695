package cloudflare

import (
	"strings"

	"github.com/cfproxy/cfproxy/provision/errcode"
)

var (
	tokenPattern     = lazyRegexp(`^[A-Za-z0-9_-]{8,200}$`)
	globalKeyPattern = lazyRegexp(`^(cfk_[A-Za-z0-9_-]+|[0-9a-f]{37})$`)
)

// CheckToken returns an *errcode.Error for a string that cannot be an API token, so that it is not sent anywhere: an
// empty string, a Global API Key, the key of an LLM provider, or a token with quotes or spaces. New tokens start with
// cfut_ or cfat_, old ones have 40 characters. Both consist of letters, digits, "-" and "_".
// https://developers.cloudflare.com/fundamentals/api/get-started/token-formats
func CheckToken(token string) error {
	switch {
	case token == "":
		return &errcode.Error{Code: errcode.TokenMissing}
	case globalKeyPattern().MatchString(token):
		return &errcode.Error{Code: errcode.TokenGlobalKey}
	case strings.HasPrefix(token, "sk-") || !tokenPattern().MatchString(token):
		return &errcode.Error{Code: errcode.TokenMalformed}
	}
	return nil
}
