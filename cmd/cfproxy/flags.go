package main

import "github.com/urfave/cli/v2"

// Flags that several commands share.

func (p *program) yesFlag() cli.Flag {
	return &cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, Usage: p.text.T("flag.yes"), DisableDefaultText: true}
}

func (p *program) jsonFlag() cli.Flag {
	return &cli.BoolFlag{Name: "json", Usage: p.text.T("flag.json"), DisableDefaultText: true}
}

func (p *program) adoptFlag() cli.Flag {
	return &cli.BoolFlag{Name: "adopt", Usage: p.text.T("flag.adopt"), DisableDefaultText: true}
}

// verifyFlags say how the verifier reaches the relay, as curl's flags of the same names do.
func (p *program) verifyFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringSliceFlag{Name: "connect-to", Usage: p.text.T("flag.connect-to")},
		&cli.StringFlag{Name: "cacert", Usage: p.text.T("flag.cacert"), TakesFile: true},
		&cli.DurationFlag{Name: "timeout", Usage: p.text.T("flag.timeout"), DefaultText: "2m"},
	}
}
