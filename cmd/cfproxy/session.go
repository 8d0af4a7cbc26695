package main

import (
	"cmp"
	"context"
	"errors"
	"io/fs"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/credential"
	"github.com/cfproxy/cfproxy/cmd/internal/filelock"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/atomicfile"
	"github.com/cfproxy/cfproxy/provision/cloudflare"
	"github.com/cfproxy/cfproxy/provision/errcode"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/provision/sandbox"
)

// session is one run of a command. It finds the API token and opens the account, real or in a sandbox.
type session struct {
	*console
	global globalOptions
	token  credential.APIToken // empty until it was found
	// isTokenSearched says that the keyring and the file were tried; isBaseURLShown that the notice about another API was printed.
	isTokenSearched, isBaseURLShown bool
}

// newSession begins a run on the console.
func newSession(c *console, global globalOptions, inv invocation) *session {
	c.begin(inv, global.json)
	return &session{console: c, global: global}
}

// account is an open Cloudflare account.
type account struct {
	engine *provision.Engine
	// sandbox is the emulated account; nil for a real one.
	sandbox *sandbox.Store
}

// sandboxFile returns the file of --sandbox, "" where the flag is not given. An empty value, as from a shell variable that was never
// set, is an error, because it must not mean the real account.
func (s *session) sandboxFile() (string, error) {
	if s.global.isSandbox && s.global.sandbox == "" {
		return "", problem.Usage("sandbox-empty")
	}
	return s.global.sandbox, nil
}

// openAccount opens the account of the API token, or the sandbox. It makes no call.
func (s *session) openAccount() (*account, error) {
	file, err := s.sandboxFile()
	if err != nil {
		return nil, err
	}
	if file != "" {
		return s.openSandbox(file)
	}
	if s.token.Value == "" {
		return nil, s.missingTokenError()
	}
	if err := cloudflare.CheckToken(s.token.Value); err != nil {
		return nil, err
	}
	base, err := s.baseURL()
	if err != nil {
		return nil, err
	}
	engine := &provision.Engine{Rate: provision.APIRate}
	engine.API = cloudflare.New(cloudflare.Options{
		Token: s.token.Value, BaseURL: base, UserAgent: "cfproxy/" + version(), Trace: s.trace(), RateLimit: engine.NoteRateLimit,
	})
	return &account{engine: engine}, nil
}

func (s *session) openSandbox(file string) (*account, error) {
	store, err := sandbox.Open(file)
	if err != nil {
		return nil, problem.Wrap("sandbox-unreadable", err, "file", file)
	}
	return &account{sandbox: store, engine: s.sandboxEngine(store)}, nil
}

func (s *session) sandboxEngine(store *sandbox.Store) *provision.Engine {
	return &provision.Engine{API: cloudflare.New(cloudflare.Options{
		Token: store.Token(), UserAgent: "cfproxy/" + version(), Trace: s.trace(),
		Transport: sandbox.Transport(sandbox.Handler(store)),
	})}
}

// trace returns a function that prints every API call for --debug: method, path, status, ray id and time. Bodies, headers and queries
// are not printed, since they may hold secrets.
func (s *session) trace() func(cloudflare.Call) {
	if !s.global.debug {
		return nil
	}
	return func(call cloudflare.Call) {
		status := http.StatusText(call.Status)
		if call.Err != nil {
			status = string(errcode.Of(call.Err))
		}
		s.errf("debug.call", "method", call.Method, "path", call.Path, "code", strconv.Itoa(call.Status), "status", status,
			"ray", orDash(call.Ray), "ms", strconv.FormatInt(call.Took.Milliseconds(), 10))
	}
}

// baseURL returns the address of the API. CLOUDFLARE_BASE_URL changes it, as in cloudflare-go. Its owner gets the token, so a notice
// says that it is used, and plain HTTP is allowed on this machine only.
func (s *session) baseURL() (string, error) {
	base := s.getenv("CLOUDFLARE_BASE_URL")
	if base == "" {
		return cloudflare.DefaultBaseURL, nil
	}
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.User != nil {
		return "", problem.Usage("base-url-invalid", "value", redactURL(base))
	}
	if u.Scheme == "http" && !isLoopback(u.Hostname()) {
		return "", problem.Usage("base-url-insecure", "value", redactURL(base))
	}
	if !s.isBaseURLShown {
		s.errf("notice.base-url", "url", redactURL(base))
		s.isBaseURLShown = true
	}
	return strings.TrimSuffix(base, "/") + "/", nil
}

// redactURL returns an address without its password and query.
func redactURL(s string) string {
	u, err := url.Parse(s)
	if err != nil {
		return "…"
	}
	u.RawQuery = ""
	return u.Redacted()
}

func isLoopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.IsLoopback()
}

// open loads the settings, asks for what is missing, and opens the account.
func (s *session) open(ctx context.Context, o relayOptions) (config.Relays, *account, error) {
	all, err := o.source(s).Load()
	if err != nil {
		return nil, nil, err
	}
	if all[0], err = s.askDomain(ctx, all[0]); err != nil {
		return nil, nil, err
	}
	relays, err := config.NewRelays(all, version())
	s.inv.hosts = relays.Domains()
	if err != nil {
		return nil, nil, err
	}
	for i := range relays {
		if relays[i].Keys, err = config.Keys(relays[i].Config, s.getenv); err != nil {
			return nil, nil, err
		}
	}
	if err := s.askToken(ctx); err != nil {
		return nil, nil, err
	}
	account, err := s.openAccount()
	if err == nil && len(s.inv.hosts) > manyHosts {
		account.engine.MaxRetryAfter = longRetryAfter
	}
	return relays, account, err
}

// A run with more than manyHosts hosts waits longer, since the API refuses all calls for up to five minutes after too many.
const (
	manyHosts      = 50
	longRetryAfter = 6 * time.Minute
)

// openAndObserve opens the account and reads what is deployed, for commands that show it.
func (s *session) openAndObserve(ctx context.Context, o relayOptions) (config.Relays, *account, plan.Observed, error) {
	relays, account, err := s.open(ctx, o)
	if err != nil {
		return nil, nil, plan.Observed{}, err
	}
	observed, err := s.observe(ctx, account.engine, relays.Configs()...)
	return relays, account, observed, err
}

// observe reads the account and shows its progress.
func (s *session) observe(ctx context.Context, engine *provision.Engine, configs ...plan.Config) (plan.Observed, error) {
	progress := s.engineProgress()
	defer progress.close()
	return engine.Observe(ctx, configs, progress.show)
}

// lockTimeout is how long a command waits for another one, which may be waiting for an answer to a question.
const lockTimeout = 60 * time.Second

// lockConfig locks the file of --config, or the cfproxy.toml of this directory. Commands that deploy from a file hold its lock, so
// that a slow run cannot restore a token that a faster one has revoked. unlock may be called more than once. If there
// is no such file, nothing is locked.
func (s *session) lockConfig(ctx context.Context, file string) (unlock func(), err error) {
	path := cmp.Or(file, config.FileName)
	real, err := atomicfile.RealPath(path)
	if errors.Is(err, fs.ErrNotExist) {
		return func() {}, nil
	}
	if err != nil {
		return nil, problem.Wrap("config-unreadable", err, "file", path)
	}
	unlock, err = filelock.Lock(ctx, real, lockTimeout, func() { s.errf("lock.waiting", "file", path) })
	switch {
	case errors.Is(err, filelock.ErrTimeout):
		return nil, problem.New("config-held", problem.ExitFailed, "file", path, "seconds", strconv.Itoa(int(lockTimeout.Seconds())))
	case err != nil && ctx.Err() == nil:
		return nil, problem.Wrap("config-unwritable", err, "file", path)
	}
	return unlock, err
}
