# A run that dies twice and goes on ends with the bits of one that does not: with every optimizer, a plugin
# that has buffers of its own, the script's streams and the order of the data.
. "$(dirname "$0")/lib.sh"
cat >train.lua <<'END_LUA'
local as = require "assay"
return as.experiment {
  name = "train", headline = "loss", seeds = 1, params = { lr = 0.01 },
  arms = {
    sgd = { opt = "sgd", with = {} },
    momentum = { opt = "sgd", with = { momentum = 0.9 } },
    nesterov = { opt = "sgd", with = { momentum = 0.9, nesterov = true } },
    decay = { opt = "sgd", with = { momentum = 0.9, decay = 0.01 } },
    adam = { opt = "adam", with = {} },
    adamw = { opt = "adamw", with = { decay = 0.05 } },
    radam = { opt = "radam", with = {} },
  },
  run = function(run, p)
    local nn, n = as.nn, 24
    local data = as.data { x = as.randn { n, 6, stream = "data" }, item = as.arange(n):to "i64" }
    local net = nn.seq { nn.linear { 6, 16 }, nn.batch_norm { 16 }, nn.relu {}, nn.dropout { 0.3 } }
    local head = as.head { "isogclr", in_dim = 16, hidden = 8, out_dim = 4, n_samples = n }
    local o = { net, head, lr = p.lr }
    for name, value in pairs(p.with) do o[name] = value end
    local opt = as.optim[p.opt](o)
    local batches = data:batches { 5, shuffle = true, epochs = 8 }
    local from = run:resume { net = net, head = head, opt = opt, batches = batches }
    for step, batch in batches do
      local function view() return net(batch.x + 0.1 * as.randn(batch.x:size(1), 6)) end
      local epoch = as.i64 { (step - 1) // 5 }:reshape {}
      local loss = head(view(), view(), batch.item, epoch)
      loss:backward()
      opt:step()
      run:log(step, { loss = loss, draw = math.random(), tau = head:state().tau:mean() })
      if step % 4 == 0 then run:checkpoint(step) end
      if step == tonumber(os.getenv "DIE") and from < step - 4 then os.exit(9) end
    end
  end,
}
END_LUA
curve="select group_concat(arm || step || name || ifnull(printf('%!.17g', value), 'NaN')) from
    (select * from curve order by arm, name, step)"
arms=7
expect_exit 0 assay run train.lua --db whole.db
for die in 11 30; do
    expect_exit 1 env DIE=$die assay run train.lua --db parts.db
done
expect_exit 0 assay run train.lua --db parts.db
expect_query parts.db "select group_concat(n) from (select count(*) || status as n from attempt
    group by attempt, status)" "${arms}crashed,${arms}crashed,${arms}done"
expect_query whole.db "select count(distinct value) from curve where name = 'loss' and step = 40" $arms
expect_query parts.db "$curve" "$(sqlite3 whole.db "$curve")"
expect_query parts.db "select count(*) from event where kind = 'relogged'" 0
