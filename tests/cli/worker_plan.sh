# The planner: what there is to run, overrides, and every mistake as one line with its place.
. "$(dirname "$0")/lib.sh"

mkdir exp
cat >exp/x.lua <<'END_LUA'
local as = require "assay"
require "beside"
return as.experiment {
  name = "x", doc = "one line", headline = "loss",
  params = { lr = 1e-2, epochs = 3, name = "n" },
  arms = { ce = { loss = { "cross_entropy" } }, ldr = { loss = { "ldr_kl", lam = 2 } } },
  seeds = 2,
  run = function() error "only a worker runs this" end,
}
END_LUA
echo 'return {}' >exp/beside.lua

expect_exit 0 assay-worker plan exp/x.lua
expect_lines 1 0
expect_out '"arms":[{"config":{"loss":{"params":{'
expect_out '"plugin":"losses/ldr_kl"'
expect_out '"lam":2'
expect_out '"params":{"epochs":3,"lr":0.01,"name":"n"}'
expect_out '"seeds":[1,2]'
expect_out '"claims":[]'
expect_out '"paper":null'
expect_out '"pool":false'
expect_out '"script":"exp/x.lua"'
expect_out '{"path":"exp/beside.lua","sha256":"'
expect_out '"kind":"losses","name":"cross_entropy"'
if grep -q assay/experiment.lua "$box/out"; then fail "assay's own files are not the run's sources"; fi

# overrides: a file, then --set, then seeds and arms
cat >c.yaml <<'END_YAML'
params: { lr: 1, epochs: 9 }
arms:
  ldr: { loss: { lam: 0.5 } }
END_YAML
expect_exit 0 assay-worker plan exp/x.lua --config c.yaml --set params.epochs=4 --arm ldr --seed 7 --seed 3
expect_out '"params":{"epochs":4,"lr":1,"name":"n"}'
expect_out '"lam":0.5'
expect_out '"seeds":[7,3]'
if grep -q '"name":"ce"' "$box/out"; then fail "--arm ldr leaves ce out"; fi

# refused LINE OPTION...: exit 2 and this line alone
refused() {
    line=$1
    shift
    expect_exit 2 assay-worker plan exp/x.lua "$@"
    expect_lines 0 1
    expect_err "$line"
}
refused '--set: params: no parameter "epocs"; did you mean "epochs"?' --set params.epocs=1
refused '--set: params.epochs = 2.5: expected an integer, found a real number' --set params.epochs=2.5
refused '--set: params.name = 3: expected a string, found an integer' --set params.name=3
refused '--set: no setting "lr"; did you mean "params.lr"?' --set lr=1
refused '--set: losses/ldr_kl: lam = -3 is outside 0 to inf (0 excluded)' --set arms.ldr.loss.lam=-3
refused '--set: losses/ldr_kl: no parameter "lan"; did you mean "lam"?' --set arms.ldr.loss.lan=1
refused '--set: losses/ldr_kl: reduction is max, expected "mean", "sum" or "none"' \
    --set arms.ldr.loss.reduction=max
refused '--arm: no arm "ldt"; did you mean "ldr"?' --arm ldt
refused '--seed x: expected an integer' --seed x
refused '--seeds 0: expected an integer from 1 on' --seeds 0
refused 'cannot read nope.yaml' --config nope.yaml
refused '--seed needs a value' --seed
printf 'params:\n  lr: 1\narms:\n  ldr:\n    loss:\n      lam: 0\n' >sweep.yaml
refused 'sweep.yaml:6: losses/ldr_kl: lam = 0 is outside 0 to inf (0 excluded)' --config sweep.yaml
expect_exit 2 assay-worker plan nope.lua
expect_err 'cannot read nope.lua'

# failing CODE: a script that fails by itself, exit 1 and one line
failing() {
    printf '%s\n' "$2" >bad.lua
    expect_exit 1 assay-worker plan bad.lua
    expect_lines 0 1
    expect_err "$1"
}
failing "bad.lua:1: unexpected symbol near '='" 'local x = = 3'
failing 'bad.lua:1: attempt to index a nil value' 'local t; t.x = 1'
failing "bad.lua: an experiment's script ends with return as.experiment" 'return 3'
failing 'bad.lua:2: as.experiment: arms is missing' 'local as = require "assay"
return as.experiment { name = "x", run = print }'
failing 'bad.lua:2: arms.a.loss: losses/ldr_kl: no parameter "lan"; did you mean "lam"?' \
    'local as = require "assay"
return as.experiment { name = "x", run = print,
  arms = { a = { loss = { "ldr_kl", lan = 1 } } } }'
failing 'did you mean "cross_entropy"?' 'local as = require "assay"
return as.experiment { name = "x", run = print, arms = { a = { loss = { "cros_entropy" } } } }'
failing 'the error'"'"'s value is a table' 'error {}'

# rules between a plugin's parameters, and lists among them, before anything runs
ASSAY_PLUGIN_PATH=$ASSAY_TEST_PLUGINS
export ASSAY_PLUGIN_PATH
failing 'bad.lua:2: arms.a.loss: losses/sketch_params: low = 4 is not below high = 2' \
    'local as = require "assay"
return as.experiment { name = "x", run = print,
  arms = { a = { loss = { "sketch_params", low = 4 } } } }'
failing 'bad.lua:2: as.experiment: arms.a.loss.weights[2] is a string, expected a number' \
    'local as = require "assay"
return as.experiment { name = "x", run = print,
  arms = { a = { loss = { "sketch_params", weights = { 1, "a" } } } } }'
failing 'losses/sketch_params: parameter mask f32[1,2], expected f32[2]' 'local as = require "assay"
return as.experiment { name = "x", run = print,
  arms = { a = { loss = { "sketch_params", mask = { { 1, 2 } } } } } }'
cat >rules.lua <<'END_LUA'
local as = require "assay"
return as.experiment { name = "x", run = print,
  arms = { a = { loss = { "sketch_params", low = 1, weights = { 0.25, 4 } } } } }
END_LUA
expect_exit 0 assay-worker plan rules.lua --set arms.a.loss.low=5 --set arms.a.loss.high=6 \
    --set 'arms.a.loss.mask=[1, 2]'
expect_out '"weights":[0.25,4]'
expect_out '"mask":[1,2]'
expect_exit 2 assay-worker plan rules.lua --set arms.a.loss.low=5
expect_err '--set: losses/sketch_params: low = 5 is not below high = 2'
printf 'arms:\n  a:\n    loss:\n      low: 5\n      high: 4\n' >rules.yaml
expect_exit 2 assay-worker plan rules.lua --config rules.yaml
expect_err 'rules.yaml:5: losses/sketch_params: low = 5 is not below high = 4'
unset ASSAY_PLUGIN_PATH

# the top level only declares
failing 'bad.lua: its top level holds more than 1 GB of memory: it only declares; load data and make' \
    'local as, t = require "assay", {}
for i = 1, 1e9 do t[i] = as.zeros(1000, 1000) end'
printf 'local n = 0\nwhile true do n = n + 1 end\n' >bad.lua
expect_exit 1 env ASSAY_PLAN_SECONDS=1 assay-worker plan bad.lua
expect_err 'bad.lua:2: this takes too long: the top level of a script only declares; train in run'
printf 'local function f() error "deep" end\nlocal x = f()\nreturn x\n' >bad.lua
expect_exit 1 env ASSAY_TRACEBACK=1 assay-worker plan bad.lua
expect_err 'bad.lua:1: deep'
expect_err 'stack traceback:'
expect_err 'bad.lua:2: in main chunk'
