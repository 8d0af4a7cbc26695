package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/cfproxy/cfproxy/cmd/internal/problem"
)

func (p *program) completionCommand() *cli.Command {
	command := p.command("completion", func(c *cli.Context, s *session) error { return runCompletion(s, c.Args().First()) })
	command.ArgsUsage = completionShells
	return command
}

const completionShells = "bash|zsh|fish|powershell"

// runCompletion prints a shell script that runs the program with --generate-bash-completion to get the possible next
// words.
func runCompletion(s *session, shell string) error {
	script, ok := map[string]string{
		"bash": bashCompletion, "zsh": zshCompletion, "fish": fishCompletion, "powershell": powershellCompletion,
	}[shell]
	if !ok {
		return problem.Usage("shell-unknown", "value", orDash(shell), "known", completionShells)
	}
	_, err := fmt.Fprint(s.stdout, script)
	return err
}

const bashCompletion = `_cfproxy() {
  local word="${COMP_WORDS[COMP_CWORD]}"
  local before=("${COMP_WORDS[@]:0:COMP_CWORD}")
  if [[ "$word" == -* ]]; then before+=("-"); fi
  COMPREPLY=($(compgen -W "$("${before[@]}" --generate-bash-completion 2>/dev/null)" -- "$word"))
}
complete -o bashdefault -o default -F _cfproxy cfproxy
`

const zshCompletion = `#compdef cfproxy
_cfproxy() {
  local -a answers before
  before=("${(@)words[1,CURRENT-1]}")
  if [[ "${words[CURRENT]}" == -* ]]; then before+=("-"); fi
  answers=("${(@f)$("${before[@]}" --generate-bash-completion 2>/dev/null)}")
  if [[ -n "${answers[1]}" ]]; then _describe 'cfproxy' answers; else _files; fi
}
if [ "${funcstack[1]}" = "_cfproxy" ]; then _cfproxy; else compdef _cfproxy cfproxy; fi
`

const fishCompletion = `function __cfproxy_complete
  set -l before (commandline -opc)
  set -l word (commandline -ct)
  if string match -q -- '-*' $word
    set before $before -
  end
  $before --generate-bash-completion 2>/dev/null
end
complete -c cfproxy -f -a '(__cfproxy_complete)'
`

const powershellCompletion = `Register-ArgumentCompleter -Native -CommandName cfproxy -ScriptBlock {
  param($word, $ast, $cursor)
  $before = $ast.ToString().Substring(0, [Math]::Min($cursor, $ast.ToString().Length)).TrimEnd()
  if ($word -and -not $word.StartsWith('-')) { $before = $before.Substring(0, $before.Length - $word.Length) }
  Invoke-Expression "$before --generate-bash-completion" 2>$null |
    Where-Object { $_ -like "$word*" } |
    ForEach-Object { [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_) }
}
`
