package workerd

import (
	"context"
	"fmt"
	"os/exec"
	"time"
)

// Test runs every test in the workers of c by "workerd test": each export of a
// main module that has a method test. The output is what workerd and the tests
// have written, with a line for each; the error is an [exec.ExitError] when one
// failed, or when there was none. ctx bounds it all.
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
