/** What a shell runs to know how to complete our command line: it asks `berth __complete` with the words so far. */
export const completionScripts: Readonly<Record<'bash' | 'zsh' | 'fish', string>> = {
  bash: `# berth completion for bash. Load it with: source <(berth completion bash)
_berth() {
  local IFS=$'\\n'
  COMPREPLY=($("\${COMP_WORDS[0]}" __complete "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
  case \${#COMPREPLY[@]}:\${COMPREPLY[0]} in
    1:*/ | 1:*=) compopt -o nospace ;;
  esac
}
complete -o default -F _berth berth
`,
  zsh: `#compdef berth
# berth completion for zsh. Load it with: source <(berth completion zsh)
_berth() {
  local -a found
  found=("\${(@f)$("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}")
  if [[ -n "\${found[1]}" ]]; then
    compadd -- "\${found[@]}"
  else
    _files
  fi
}
if [[ "\${funcstack[1]}" = _berth ]]; then
  _berth "$@"
else
  compdef _berth berth
fi
`,
  fish: `# berth completion for fish. Load it with: berth completion fish | source
function __berth_complete
  set -l words (commandline -opc)
  set -l current (commandline -ct)
  $words[1] __complete $words[2..-1] "$current" 2>/dev/null
end
complete -c berth -a '(__berth_complete)'
`,
};
