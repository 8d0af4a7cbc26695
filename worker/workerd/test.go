package workerd

import (
	"context"
	"fmt"
	"os/exec"
	"time"
)

// Test runs the tests in the Workers of c with "workerd test": every export of a main module that has a method test. It
// returns the output of workerd and the tests, with one line for each test. The error is an [exec.ExitError] if a test failed
// or there was none.
func Test(ctx context.Context, bin string, c Config) (output string, err error) {
	file, remove, err := c.write()
	if err != nil {
		return "", err
	}
	defer remove()
	cmd := exec.CommandContext(ctx, bin, "test", file)
	cmd.WaitDelay = 2 * time.Second
	text, err := cmd.CombinedOutput()
	if err != nil {
		return string(text), fmt.Errorf("workerd test: %w", err)
	}
	return string(text), nil
}
