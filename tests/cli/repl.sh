# assay repl on a pipe: values, errors with their line, exit code. At a terminal: tests/unit/cli_repl.c.
. "$(dirname "$0")/lib.sh"
export HOME="$box/home" XDG_STATE_HOME="$box/state"

# talk EXIT: the lines of stdin
talk() {
    ran="assay repl"
    got=0
    assay repl >"$box/out" 2>"$box/err" || got=$?
    [ "$got" -eq "$1" ] || fail "exit $got, expected $1"
}

talk 0 <<'END'
1 + 1, "two"
x = as.tensor { 1, 2, 3 }
x
local y = { 1, { 2, { 3 } }, name = "n" }
y
for i = 1, 2 do
  print("line", i)
end
nn.seq { nn.linear { 4, 2 }, nn.relu {} }
as.loss { "cross_entropy" }
#x == 3
nil
END
cat >expected <<'END'
2   "two"
f32[3] mean 2 min 1 max 3
{ 1, { 2, { ... } }, name = "n" }
line	1
line	2
nn.seq { nn.linear 4 -> 2, nn.relu }
losses/cross_entropy
true
nil
END
diff expected "$box/out" >&2 || fail "the values differ"
expect_lines - 0
[ ! -e "$box/state" ] || fail "a pipe left a history"

talk 1 <<'END'
print "before"
for i = 1, 3 do
  error "boom"
end
as.zeros(2, 3):summ()
x = = 1
print "after"
if true then
END
expect_line before
expect_line after
expect_err "stdin:3: boom"
expect_err 'stdin:5: tensors have no method or property "summ"; did you mean "sum"?'
expect_err "stdin:6: unexpected symbol near '='"
expect_err "stdin:8: 'end' expected near <eof>"
expect_lines 2 4

# os.exit and a plugin that takes the engine along
talk 7 <<'END'
os.exit(7)
END
expect_exit 2 assay repl x
expect_err 'assay repl: unexpected argument "x"'
