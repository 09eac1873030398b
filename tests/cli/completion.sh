# The completion scripts as the shells read them: commands, options, files, plugins, arms, runs.
. "$(dirname "$0")/lib.sh"

expect_exit 2 assay completion
expect_err "needs bash or zsh; example"
expect_exit 2 assay completion fish
expect_err "needs bash or zsh, not fish"

assay completion bash >bash_completion
bash -n bash_completion || fail "bash cannot read it"

# offered WORD...: what bash offers for the last word
offered() {
    ran="completion of: $*"
    bash -c 'set -u; source bash_completion; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _assay
        printf "%s\n" ${COMPREPLY[@]+"${COMPREPLY[@]}"}' bash "$@" >"$box/out" 2>"$box/err"
    [ ! -s "$box/err" ] || fail "it complains"
}
same() {
    [ "$(sort "$box/out" | tr '\n' ' ')" = "$1" ] || fail "expected: $1"
}

offered assay ru
same "run runs "
offered assay --v
same "--version "
offered assay help quer
same "query "
offered assay run --see
same "--seed --seeds "
offered assay runs --limit ""
same " "
offered assay plugins ""
expect_line list
expect_line show
expect_line meta

mkdir folder
touch x.lua y.yaml folder/z.lua "a b.lua"
offered assay run ""
same "a b.lua folder x.lua "
offered assay run x
same "x.lua "
offered assay run folder/
same "folder/z.lua "
offered assay run x.lua --config y
same "y.yaml "
touch s.yaml
for command in sweep tune; do
    offered assay $command ""
    same "a b.lua folder x.lua "
    offered assay $command x.lua ""
    same "folder s.yaml y.yaml "
    offered assay $command x.lua y.yaml --arm plain s
    same "s.yaml "
done
touch one.db
offered assay db ""
same "check merge schema vacuum "
offered assay db merge o
same "one.db "
offered assay reproduce x.lua ""
same "a b.lua folder x.lua "
offered assay plugins meta -o f
same "folder "

offered assay plugins show losses/cross
same "losses/cross_entropy "
offered assay data get fash
same "fashion-mnist "
cat >x.lua <<'END'
local as = require "assay"
return as.experiment {
  name = "x", arms = { plain = {}, other = {} }, run = function(run) run:log(1, { a = 1 }) end,
}
END
offered assay run x.lua --arm ""
same "other plain "
offered assay show ""
same " "
assay run x.lua >"$box/out" 2>"$box/err" || fail "the experiment failed"
offered assay show ""
same "1 2 "

# every option of every command is offered
for name in $(assay --help | awk '/^  [a-z]/ { print $1 }'); do
    offered assay $name --
    for option in $(assay $name --help | grep -o '^  \(-., \)\?--[a-z-]*' | grep -o -- '--.*'); do
        expect_line "$option"
    done
done

assay completion zsh >_assay
command -v zsh >/dev/null || exit 0
zsh -f -n _assay || fail "zsh cannot read it"
cat >pty.zsh <<'END'
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "PS1=; autoload -Uz compinit; compinit -u -D; source ./_assay; echo rea''dy"
zpty -r z line '*ready*'
zpty -w -n z $'assay completion ba\t; echo do""ne\n'
zpty -r z line '*done*'
zpty -w -n z $'assay run --again --see\t\t'
zpty -r z line '*1 to N*'
print -r -- "$line"
END
ran="zsh pty.zsh"
timeout 30 zsh -f pty.zsh >"$box/out" 2>"$box/err" || fail "zsh completes nothing"
expect_out "the seeds 1 to N"
