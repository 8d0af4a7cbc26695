package config

import (
	"errors"
	"io/fs"
	"os"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision/atomicfile"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/templates"
)

// CommentHead is the comment at the top of a new file; the others have the keys of settings.
const CommentHead = "head"

// Create writes the relay as cfproxy.toml of this folder, with a comment for each setting. It reports false and changes nothing if
// there is a file already.
func Create(r Relay, workerName string, comments map[string]string) (created bool, err error) {
	f := templates.Config{
		Domains: r.Domains, Providers: Refs(r.ProviderInfo), Worker: workerName, Region: r.Region, Account: r.Account, Comments: comments,
		Managed: r.Settings.Managed, NoPage: !r.Settings.Page, AllowOrigins: r.Settings.Origins,
	}
	if r.Origin != plan.DefaultOrigin {
		f.Origin = r.Origin
	}
	text, err := templates.ConfigFile(f)
	if err != nil {
		return false, err
	}
	for _, token := range r.Tokens {
		text = string(AppendToken([]byte(text), token))
	}
	out, err := os.OpenFile(FileName, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return false, nil
	}
	if err != nil {
		return false, problem.Wrap("config-unwritable", err, "file", FileName)
	}
	_, err = out.WriteString(text)
	return err == nil, errors.Join(err, out.Close())
}

// CheckFolder returns the error that Create would return in this folder. A folder that has a file already is fine.
func CheckFolder() error {
	if _, err := os.Lstat(FileName); !errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err := atomicfile.CheckWritable("."); err != nil {
		return problem.Wrap("config-unwritable", err, "file", FileName)
	}
	return nil
}
