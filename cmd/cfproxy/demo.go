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

const demoHost = "gptapi.example.com"

func (p *program) demoCommand() *cli.Command {
	return &cli.Command{Name: "demo", Action: p.demo, Flags: []cli.Flag{
		&cli.BoolFlag{Name: "keep", Usage: p.text.T("flag.keep"), DisableDefaultText: true},
	}}
}

// demo tells the whole story in a sandbox, in memory unless a file is named: deploy, verify, one request through the Worker on the real runtime,
// destroy. It needs no account and talks to nobody but the registry from which the runtime is installed once.
func (p *program) demo(c *cli.Context) error {
	file, err := sandboxFile(c)
	if err != nil {
		return err
	}
	store, err := sandbox.Open(file)
	if err != nil {
		return problem.Wrap("sandbox-unreadable", err)
	}
	p.answer("demo.welcome")
	edge, err := p.openEdge(c.Context, store, "127.0.0.1:0")
	if err != nil {
		return err
	}
	defer edge.Close()
	r, err := config.NewRelay(config.Settings{Domains: []string{demoHost}}, version())
	if err != nil {
		return err
	}
	engine := p.sandboxEngine(c, store)
	plan, err := p.demoDeploy(c, engine, config.Relays{r})
	if err != nil {
		return err
	}
	if err := p.demoProof(c, edge, r, plan); err != nil {
		return err
	}
	if c.Bool("keep") {
		return p.demoKeep(c.Context, store, edge)
	}
	return p.demoDestroy(c, engine, plan)
}

func (p *program) demoDeploy(c *cli.Context, engine *provision.Engine, f config.Relays) (plan.Plan, error) {
	p.answer("demo.deploy", "host", demoHost)
	plan, err := p.makePlan(c, engine, f)
	if err != nil {
		return plan, err
	}
	p.view.Plan(p.stdout, plan)
	fmt.Fprintln(p.stdout)
	progress := &engineProgress{program: p, c: c}
	defer progress.close()
	_, err = engine.Deploy(c.Context, plan, provision.DeployOptions{}, progress.observe)
	return plan, err
}

// demoProof verifies without a key, as deploy does, and then sends one request with the key that the stand-in takes.
func (p *program) demoProof(c *cli.Context, edge *edge.Edge, r config.Relay, plan plan.Plan) error {
	network := edgeNetwork(edge)
	target := deployedTarget(r, demoHost, plan)
	p.answer("demo.verify")
	report := p.probe(c, r, target, network, false)
	p.view.Report(p.stdout, report, p.advice(c, r, report))
	if err := c.Context.Err(); err != nil {
		return err
	}
	if !proved(report) {
		if !edge.RunsWorkers() {
			p.answer("demo.incomplete")
		}
		return problem.ExitStatus(problem.ExitFailed)
	}
	p.answer("demo.chat")
	question := p.text.T("demo.question")
	answer, err := chat(c.Context, network, target, question)
	if err != nil {
		return problem.Wrap("demo-chat-failed", err)
	}
	p.answer("demo.exchange", "question", question, "answer", answer)
	return nil
}

// chat sends one chat completion through the relay, as any client would.
func chat(ctx context.Context, network *verifyNet, target verify.Target, question string) (string, error) {
	transport := &http.Transport{DialContext: network.Dial, ForceAttemptHTTP2: true, TLSClientConfig: &tls.Config{RootCAs: network.RootCAs}}
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

func (p *program) demoDestroy(c *cli.Context, engine *provision.Engine, plan plan.Plan) error {
	p.answer("demo.destroy")
	removal, err := p.makeRemoval(c, engine, plan.Configs(nil)...)
	if err != nil {
		return err
	}
	if _, err := p.remove(c, engine, removal); err != nil {
		return err
	}
	p.answer("demo.end")
	return nil
}

// demoKeep leaves the sandbox serving until it is interrupted, which is then no failure.
func (p *program) demoKeep(ctx context.Context, store *sandbox.Store, edge *edge.Edge) error {
	return p.serve(ctx, store, edge, "127.0.0.1:0", "demo.keep")
}
