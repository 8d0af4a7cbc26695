package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/config"
	"github.com/cfproxy/cfproxy/cmd/internal/problem"
	"github.com/cfproxy/cfproxy/provision"
	"github.com/cfproxy/cfproxy/provision/plan"
	"github.com/cfproxy/cfproxy/provision/sandbox"
	"github.com/cfproxy/cfproxy/provision/sandbox/edge"
	"github.com/cfproxy/cfproxy/provision/sandbox/standin"
	"github.com/cfproxy/cfproxy/provision/verify"
)

const demoHost = config.ExampleHost

func (p *program) demoCommand() *cli.Command {
	return p.command("demo", func(c *cli.Context, s *session) error {
		return runDemo(c.Context, s, c.Bool("keep"))
	}, p.boolFlag("keep"))
}

// runDemo shows the whole workflow in a sandbox, in memory unless a file is named: deploy, verify, one request through the Worker on the
// real runtime, destroy. It needs no account. Its only connection is to the npm registry, for the first install of the runtime.
func runDemo(ctx context.Context, s *session, keep bool) error {
	file, err := s.sandboxFile()
	if err != nil {
		return err
	}
	store, err := sandbox.Open(file)
	if err != nil {
		return problem.Wrap("sandbox-unreadable", err)
	}
	s.outf("demo.welcome")
	edge, err := s.openEdge(ctx, store, "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer edge.Close()
	relay, err := config.NewRelay(config.Settings{Domains: []string{demoHost}}, version())
	s.inv.hosts = relay.Domains
	if err != nil {
		return err
	}
	engine := s.sandboxEngine(store)
	p, err := s.demoDeploy(ctx, engine, relay)
	if err != nil {
		return err
	}
	if err := s.demoVerify(ctx, edge, relay, p); err != nil {
		return err
	}
	if keep {
		return s.serveSandbox(ctx, store, edge, "127.0.0.1:0", "demo.keep")
	}
	s.outf("demo.destroy")
	removal, err := s.planDestroy(ctx, engine, p.Configs(nil)...)
	if err == nil {
		_, err = s.applyDestroy(ctx, engine, removal)
	}
	if err != nil {
		return err
	}
	s.outf("demo.end")
	return nil
}

func (s *session) demoDeploy(ctx context.Context, engine *provision.Engine, relay config.Relay) (plan.Plan, error) {
	s.outf("demo.deploy", "host", demoHost)
	p, err := s.planDeploy(ctx, engine, config.Relays{relay}, false)
	if err != nil {
		return p, err
	}
	s.view.Plan(s.stdout, p)
	fmt.Fprintln(s.stdout)
	progress := s.engineProgress()
	defer progress.close()
	_, err = engine.Deploy(ctx, p, provision.DeployOptions{}, progress.show)
	return p, err
}

// demoVerify verifies without a key, as deploy does, and then sends one request with the key of the stand-in provider.
func (s *session) demoVerify(ctx context.Context, edge *edge.Edge, relay config.Relay, p plan.Plan) error {
	network := edgeNetwork(edge)
	target := deployedTarget(relay, demoHost, p)
	s.outf("demo.verify")
	report := s.runVerifyJob(ctx, verifyJob{relay: relay, target: target, net: network.For(demoHost)}, 0)
	s.printReport(relay, report)
	if err := ctx.Err(); err != nil {
		return err
	}
	if !isVerified(report) {
		if !edge.RunsWorkers() {
			s.outf("demo.incomplete")
		}
		return problem.ExitStatus(problem.ExitFailed)
	}
	s.outf("demo.chat")
	question := s.text.T("demo.question")
	answer, err := chat(ctx, network.Net, target, question)
	if err != nil {
		return problem.Wrap("demo-chat-failed", err)
	}
	s.outf("demo.exchange", "question", question, "answer", answer)
	return nil
}

// chat sends one chat completion through the relay and returns the answer.
func chat(ctx context.Context, net verify.Net, target verify.Target, question string) (string, error) {
	transport := &http.Transport{DialContext: net.Dial, ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: net.RootCAs}}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: 20 * time.Second}
	// Marshalling plain strings cannot fail.
	body, _ := json.Marshal(map[string]any{
		"model": target.Upstreams[0].Model, "messages": []map[string]string{{"role": "user", "content": question}},
	})
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://"+target.Host+target.Upstreams[0].ChatPath, bytes.NewReader(body))
	if err != nil {
		return "", err
	}
	request.Header.Set("Authorization", "Bearer "+standin.Key)
	request.Header.Set("Content-Type", "application/json")
	response, err := client.Do(request)
	if err != nil {
		return "", err
	}
	defer response.Body.Close()
	var completion struct {
		Choices []struct {
			Message struct {
				Content string `json:"content"`
			} `json:"message"`
		} `json:"choices"`
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(&completion); err != nil {
		return "", err
	}
	if len(completion.Choices) == 0 {
		return "", errors.New(response.Status)
	}
	return completion.Choices[0].Message.Content, nil
}
