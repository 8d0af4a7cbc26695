package credential

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
)

const baseURL = "https://api.example/client/v4/"

// fakeStore returns the same results from each method.
type fakeStore struct {
	source Source
	token  StoredToken
	err    error
}

func (s fakeStore) Source() Source                            { return s.source }
func (s fakeStore) Load(context.Context) (StoredToken, error) { return s.token, s.err }
func (s fakeStore) Save(context.Context, StoredToken) error   { return s.err }
func (s fakeStore) Delete(context.Context) error              { return s.err }

func TestFind(t *testing.T) {
	t.Parallel()
	errFails, errExposed := errors.New("fails"), problem.New("token-file-exposed", problem.ExitFailed)
	keyring := StoredToken{Token: "of the keyring", BaseURL: baseURL}
	file := fakeStore{source: FromFile, token: StoredToken{Token: "of the file", BaseURL: baseURL}}
	for name, test := range map[string]struct {
		first   fakeStore
		want    APIToken
		err     error
		skipped string
	}{
		"first":     {first: fakeStore{token: keyring}, want: APIToken{"of the keyring", FromKeyring}},
		"second":    {first: fakeStore{err: ErrNotStored}, want: APIToken{"of the file", FromFile}},
		"absent":    {first: fakeStore{err: ErrNoKeyring}, want: APIToken{"of the file", FromFile}},
		"fails":     {first: fakeStore{err: errFails}, want: APIToken{"of the file", FromFile}, skipped: "fails"},
		"other API": {first: fakeStore{token: StoredToken{"t", "https://b/"}}, want: APIToken{"of the file", FromFile}, skipped: "the token is for https://b/"},
		"canceled":  {first: fakeStore{err: context.Canceled}, err: context.Canceled},
		"problem":   {first: fakeStore{err: errExposed}, err: errExposed},
	} {
		test.first.source = FromKeyring
		skipped := ""
		got, err := Find(t.Context(), []Store{test.first, file}, baseURL, func(err error) { skipped += err.Error() })
		if got != test.want || !errors.Is(err, test.err) || skipped != test.skipped {
			t.Errorf("%s: got %+v, %v, skipped %q", name, got, err, skipped)
		}
	}
	if got, err := Find(t.Context(), nil, baseURL, nil); got != (APIToken{}) || err != nil {
		t.Errorf("no stores: got %+v, %v", got, err)
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	errFails := errors.New("fails")
	got := Delete(t.Context(), []Store{
		fakeStore{source: FromKeyring, err: errFails}, fakeStore{source: FromFile}, fakeStore{err: ErrNotStored}, fakeStore{err: ErrNoKeyring},
	})
	want := []Deletion{{FromKeyring, errFails}, {FromFile, nil}}
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestDecode(t *testing.T) {
	t.Parallel()
	want := StoredToken{Token: "t", BaseURL: baseURL}
	got, err := decode(encode(want))
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Error(diff, err)
	}
	for _, text := range []string{"", "null", "{}", `{"token": "t"}`, `{"base_url": "u"}`, "t"} {
		if _, err := decode([]byte(text)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%q: got %v", text, err)
		}
	}
}
