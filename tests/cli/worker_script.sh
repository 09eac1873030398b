# Plain scripts, specs, and lists of plugins.
. "$(dirname "$0")/lib.sh"

echo 'print(arg[0], arg[1], #arg, ...); require "lpeg"; print((require "cjson").encode { 1 })' >s.lua
expect_exit 0 assay-worker script s.lua one two
expect_line "s.lua	one	2	one	two"
expect_line "[1]"
printf '#!/usr/bin/env lua\nprint "shebang"\nerror "x"\n' >s.lua
expect_exit 1 assay-worker script s.lua
expect_line shebang
expect_err "s.lua:3: x"
expect_lines 1 1
echo 'os.exit(7, true)' >s.lua
expect_exit 7 assay-worker script s.lua
expect_exit 2 assay-worker script nope.lua
expect_err "cannot read nope.lua"
expect_exit 2 assay-worker

# the same by hand: options in front of the file are assay's, all behind it the script's
echo 'print(require("assay").ones(2), arg[0], ...); os.exit(7, true)' >s.lua
expect_exit 7 assay script --threads 1 s.lua one -b --threads=x
expect_line "f32[2] mean 1 min 1 max 1	s.lua	one	-b	--threads=x"
expect_exit 7 assay script -- s.lua --help
expect_line "f32[2] mean 1 min 1 max 1	s.lua	--help"
expect_exit 2 assay script --tread 1 s.lua
expect_err "assay script: unknown option --tread"
expect_exit 2 assay script
expect_err "assay script: which file? example: assay script ask.lua"
expect_exit 0 assay script --help
expect_out "usage: assay script FILE [ARGUMENTS]"
expect_exit 2 assay-worker
expect_err "usage: assay-worker plan SCRIPT"

# specs: failures with their place, exit code 1 on failure and when nothing ran
spec="assay-worker script $ASSAY_ROOT/lua/assay/spec.lua"
cat >good.lua <<'END_LUA'
describe("good", function()
  local n = 0
  before_each(function() n = n + 1 end)
  it("counts", function()
    assert.are.equal(1, n)
    assert.is_true(true)
    assert.is_not_nil(n)
    assert.are_not.equal(1, 2)
    assert.near(1, 1.0001, 1e-3)
    assert.are.same({ 1, { 2 } }, { 1, { 2 } })
    assert.has_error(function() error "boo" end, "boo")
    assert.has_no.errors(function() end)
    assert.error_matches(function() error "abc" end, "b")
  end)
  it("calls before each", function() assert.are.equal(2, n) end)
end)
END_LUA
expect_exit 0 $spec good.lua
expect_line "2 passed, 0 failed"
cat >bad.lua <<'END_LUA'
it("equals", function()
  assert.are.equal(1, 2)
end)
it("raises", function() local t; t.x = 1 end)
it("near", function() assert.near(1, 0 / 0, 1) end)
it("no error", function() assert.has_no_error(function() error("boo", 0) end) end)
it("passes", function() end)
END_LUA
expect_exit 1 $spec bad.lua
expect_line "  bad.lua:2: expected 1, found 2"
expect_out "bad.lua:4: attempt to index a nil value"
expect_out 'expected no error, found "boo"'
expect_line "1 passed, 4 failed"
cat >pending.lua <<'END_LUA'
local ended = 0
describe("far away", function()
  after_each(function() ended = ended + 1 end)
  it("is reached", function()
    local ok, problem = pcall(error, "no\nroad")
    if not ok then pending(problem) end
    error "went on"
  end)
  pending "the moon"
end)
if os.getenv "MORE" then
  it("calls after each", function() assert.equal(1, ended) end)
end
END_LUA
expect_exit 77 $spec pending.lua
expect_line "0 passed, 0 failed, 2 pending"
expect_line "PENDING far away is reached: no road"
expect_line "PENDING far away: the moon"
expect_exit 0 env MORE=1 $spec pending.lua
expect_line "1 passed, 0 failed, 2 pending"
expect_exit 1 $spec pending.lua bad.lua
expect_line "1 passed, 4 failed, 2 pending"
expect_exit 1 $spec /dev/null
expect_line "0 passed, 0 failed"
expect_exit 1 $spec nope.lua

# plugins; one that ends the process when it is opened is a line, not the end of the list
expect_exit 0 assay plugins list
expect_out "losses/ldr_kl"
expect_exit 0 assay plugins list --json
expect_out '"source_hash"'
expect_exit 0 assay plugins show losses/ldr_kl
expect_out "logits    f32[B,C]"
expect_out "0 <= value < C"
expect_out "0 to inf (0 excluded)"
expect_exit 2 assay plugins show losses/ldr_kk
expect_err 'did you mean "ldr_kl"?'
mkdir -p plugins/losses
cat >fatal.c <<'END_C'
#include <assay/plugin.h>
__attribute__((constructor)) static void die(void) { __builtin_trap(); }
static as_t forward(as_ctx *c, const void *params, const as_t *in) { (void)c; (void)params; return in[0]; }
AS_PLUGIN(.kind = "losses", .name = "fatal", .version = "1.0.0", .doc = "dies", .forward = forward,
          .signature = "x f32[B] -> loss f32[B]");
END_C
expect_exit 1 assay build fatal.c
expect_err "fatal.c: opening it ended the process"
sanitize=$(sed -n 's/^ASSAY_SANITIZE:STRING=\(..*\)/-fsanitize=\1/p' "$ASSAY_BUILD/CMakeCache.txt")
cc $sanitize -shared -fPIC -I"$ASSAY_ROOT/core/include" fatal.c -o plugins/losses/fatal.so
echo junk >plugins/losses/junk.so
expect_exit 0 assay plugins list
expect_out "losses/ldr_kl"
expect_err "plugins/losses/fatal.so: opening it ended the process"
expect_err "plugins/losses/junk.so: "
