# The planner's points: which arm gets which, where ranges come from, and every mistake as one line.
. "$(dirname "$0")/lib.sh"

cat >x.lua <<'END_LUA'
local as = require "assay"
return as.experiment {
  name = "x", headline = "test/acc",
  params = { lr = 0.01, epochs = 3, word = "n", flag = true, opt = { beta = 0.9 } },
  arms = { ce = { loss = { "cross_entropy" } }, ldr = { loss = { "ldr_kl", lam = 2 } },
    poly = { loss = { "poly1" }, lr = 0.5 } },
  seeds = 2,
  sweep = { over = { ["params.lr"] = { from = 1e-4, to = 1e-1, log = true, n = 4 }, "arms.ldr.loss.normalize",
    "params.flag" } },
  run = function() error "only a worker runs this" end,
}
END_LUA
cat >cells.lua <<'END_LUA'
-- The cells of a plan, one line each: arm, number, values by column. arg[1] is a file with the plan.
local file = assert(io.open(arg[1]))
local plan = file:read "a"
for text in plan:match '"cells":(%b[])':gmatch "%b{}" do
  print(text:match '"name":"(%w+)"', text:match '"number":(%d+)', text:match '"values":(%b{})')
end
END_LUA

# cells OPTION...: what they are, in $box/out
cells() {
    expect_exit 0 assay-worker plan x.lua "$@"
    cp "$box/out" "$box/plan"
    expect_exit 0 assay-worker script cells.lua "$box/plan"
}

# Every arm has points over what concerns it: 4 rates x true and false, times three words for ldr. A plugin's
# choice gives its own words; a log scale's points have equal ratios; an arm with a rate of its own has that
# one set.
cells --mode sweep
expect_lines 40 0
tab=$(printf '\t')
expect_line "ce${tab}1${tab}{\"flag\":false,\"lr\":0.0001}"
expect_line "ce${tab}3${tab}{\"flag\":false,\"lr\":0.001}"
expect_line "ce${tab}5${tab}{\"flag\":false,\"lr\":0.01}"
expect_line "ce${tab}8${tab}{\"flag\":true,\"lr\":0.1}"
expect_line "ldr${tab}1${tab}{\"arm.loss.params.normalize\":\"none\",\"flag\":false,\"lr\":0.0001}"
expect_line "ldr${tab}24${tab}{\"arm.loss.params.normalize\":\"l1_mean\",\"flag\":true,\"lr\":0.1}"
expect_line "poly${tab}8${tab}{\"arm.lr\":0.1,\"flag\":true}"
grep -q '"purpose":"sweep"' "$box/plan" || fail "the plan does not say that it is a sweep"
expect_exit 0 assay-worker plan x.lua
if grep -q '"cells"' "$box/out"; then fail "a plain plan has cells"; fi

# Random points: in range, the same again, the same for all arms where they share a parameter, and not moved
# by another axis more.
cat >random.yaml <<'END_YAML'
method: random
count: 50
over:
  params.lr: { from: 1.0e-4, to: 1.0e-1, log: true }
  params.epochs: { from: 1, to: 3 }
  arms.poly.loss.epsilon:
END_YAML
cells --mode sweep --sweep random.yaml --arm ce --arm poly
expect_lines 100 0
cp "$box/out" first
cells --mode sweep --sweep random.yaml --arm ce --arm poly
cmp -s "$box/out" first || fail "another draw from the same seed"
ran="the range of each value"
sed 's/"[a-z.]*\.\([a-z]*\)":/"\1":/g; s/[^0-9a-z.+-]/ /g' first | awk '
    { for (i = 1; i < NF; i++) v[$i] = $(i + 1)
      if (v["lr"] < 1e-4 || v["lr"] > 1e-1 || v["epochs"] < 1 || v["epochs"] > 3) exit 1
      n[v["epochs"]]++; low += v["lr"] < 0.00316
      if ($1 == "poly" && (v["epsilon"] < -1 || v["epsilon"] > 10)) exit 1 }
    END { exit !(n[1] > 15 && n[2] > 15 && n[3] > 15 && low > 25 && low < 75) }' ||
    fail "values outside their range, or not spread over it"
rates() { sed -n "s/^$1.*\"\(arm.\)*lr\":\([0-9.e-]*\).*/\2/p" "$2"; }
[ "$(rates ce first)" = "$(rates poly first)" ] || fail "arms differ in what they share"
sed '/epochs/d' random.yaml >fewer.yaml
cells --mode sweep --sweep fewer.yaml --arm ce
[ "$(rates ce first)" = "$(rates ce "$box/out")" ] || fail "an axis less moved the others"
sed 's/^count/seed: 2\ncount/' random.yaml >other.yaml
cells --mode sweep --sweep other.yaml --arm ce
[ "$(rates ce first)" != "$(rates ce "$box/out")" ] || fail "another seed, the same draw"

# refused LINE YAML [OPTION...]: exit 2 and this line alone
refused() {
    line=$1
    printf '%b' "$2" >s.yaml
    shift 2
    expect_exit 2 assay-worker plan x.lua --mode "${mode:-sweep}" --sweep s.yaml "$@"
    expect_lines 0 1
    expect_err "$line"
}
refused 's.yaml:2: params: no parameter "lrr"; did you mean "lr"?' 'over:\n  params.lrr: [1]\n'
refused 's.yaml:2: no setting "lr"; did you mean "params.lr"?' 'over:\n  lr: [1]\n'
refused 's.yaml:2: arms: no arm "lrd"; did you mean "ldr"?' 'over:\n  arms.lrd.lr: [1]\n'
refused 's.yaml:2: losses/ldr_kl: no parameter "lan"; did you mean "lam"?' 'over:\n  arms.ldr.loss.lan: [1]\n'
refused 's.yaml:3: losses/ldr_kl: lam = -1 is outside 0 to inf (0 excluded)' \
    'over:\n  arms.ldr.loss.lam: [1, 2,\n    -1]\n'
refused 's.yaml:2: losses/poly1: epsilon = -3 is outside -1 to 10' \
    'over:\n  arms.poly.loss.epsilon: { from: -3, to: 1, n: 2 }\n'
refused 's.yaml:2: arms.ldr.loss.lam: its range is 0 to inf (0 excluded): give from' \
    'over:\n  arms.ldr.loss.lam:\n'
refused 's.yaml:4: arms.ldr.loss.lam: its range, 0 to inf (0 excluded), has no end: give to' \
    'method: random\ncount: 3\nover:\n  arms.ldr.loss.lam: { from: 1 }\n'
refused 's.yaml:4: arms.ldr.loss.lam: a log scale begins above 0, not at 0' \
    'method: random\ncount: 3\nover:\n  arms.ldr.loss.lam: { to: 1 }\n'
refused 's.yaml:2: params.lr: a log scale begins above 0, not at 0' \
    'over:\n  params.lr: { from: 0, to: 1, log: true, n: 3 }\n'
refused 's.yaml:2: params.lr: the list is empty' 'over:\n  params.lr: []\n'
refused 's.yaml:2: params.lr has no range of its own: give from and to, or a list' 'over:\n  params.lr:\n'
refused 's.yaml:1: over: name one parameter at least' 'over: {}\n'
refused 's.yaml:1: no field "ovr"; did you mean "over"?' 'ovr: {}\n'
refused 's.yaml:2: params.lr: no field "form"; did you mean "from"?' 'over:\n  params.lr: { form: 1 }\n'
refused 's.yaml:2: params.lr: a grid needs n' 'over:\n  params.lr: { from: 0, to: 1 }\n'
refused 's.yaml:2: params.lr: from = 2 is not below to = 1' 'over:\n  params.lr: { from: 2, to: 1, n: 3 }\n'
refused 's.yaml:2: params.epochs = 2.5: expected an integer, found a real number' \
    'over:\n  params.epochs: [1, 2.5]\n'
refused 's.yaml:2: params.word is a string: give a list' 'over:\n  params.word: { from: 0, to: 1, n: 3 }\n'
refused 's.yaml:1: method = "rand": expected grid or random' 'method: rand\nover:\n  params.lr: [1]\n'
refused 's.yaml:1: a random sweep needs count, how many points' 'method: random\nover:\n  params.lr: [1]\n'
refused 's.yaml:2: count is 10001, more than 10000 points' \
    'method: random\ncount: 10001\nover:\n  params.lr: [1]\n'
refused 's.yaml:1: params.lr: n = 10001: expected an integer from 2 to 10000' \
    'over: { params.lr: { from: 0, to: 1, n: 10001 } }\n'
refused 's.yaml:1: count is of method: random' 'count: 3\nover:\n  params.lr: [1]\n'
refused 's.yaml:1: metric is a tuning'"'"'s; a sweep chooses nothing' \
    'metric: val/acc\nover:\n  params.lr: [1]\n'
refused 's.yaml:3: arms.ce.lr: params.lr gives the same parameter its values' \
    'over:\n  params.lr: [1]\n  arms.ce.lr: [2]\n'
refused 's.yaml:2: params.opt: expected the name of one number' 'over:\n  params.opt: [1]\n'
refused 's.yaml:2: params.opt.beta.x: params.opt.beta is a real number and has no x' \
    'over:\n  params.opt.beta.x: [1]\n'
refused 's.yaml:1: the grid has more than 10000 points' \
    'over: { params.lr: { from: 0, to: 1, n: 101 }, params.opt.beta: { from: 0, to: 1, n: 100 } }\n'

# A tuning has a metric, and seeds apart from those that judge, which are 1 and 2.
mode=tune
refused 's.yaml:1: a tuning needs metric' 'over:\n  params.lr: [1]\n'
refused 's.yaml:1: a tuning needs seeds of its own, apart from those that judge (1, 2)' \
    'metric: val/acc\nover:\n  params.lr: [1]\n'
overlap='metric: val/acc\nseeds: [100, 2]\nover:\n  params.lr: [1]\n'
refused 's.yaml:2: tuned on seed 2, which judges too; change that, or --marked tunes so' "$overlap"
refused 's.yaml:2: tuned on the test split' 'metric: test/loss\nseeds: [100]\nover:\n  params.lr: [1]\n'
refused 's.yaml:1: metric = "acc": which data is that?' 'metric: acc\nseeds: [100]\nover:\n  params.lr: [1]\n'
refused 's.yaml:2: rule = "best": expected highest or lowest' \
    'metric: val/acc\nrule: best\nover:\n  params.lr: [1]\n'
expect_exit 2 assay-worker plan x.lua --mode tune
expect_err 'x.lua declares no tune: add tune = { over = { ... } }, or name a YAML file with it'
printf '%b' "$overlap" >s.yaml
expect_exit 0 assay-worker plan x.lua --mode tune --sweep s.yaml --marked yes
expect_out '"marked":"tuned on seed 2, which judges too"'
expect_out '"seeds":[100,2]'

# An arm may have its own value of a parameter that all share.
expect_exit 0 assay-worker plan x.lua --arm ce --set arms.ce.lr=0.7
expect_out '"lr":0.7},"name":"ce"'
expect_out '"params":{"epochs":3,"flag":true,"lr":0.01'
expect_exit 2 assay-worker plan x.lua --set arms.ce.lrr=0.7
expect_err '--set: arms.ce: no parameter "lrr"; did you mean "lr"?'
