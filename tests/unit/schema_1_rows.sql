-- The rows of a database that Assay made when its schema was 1: two arms, two seeds; one arm's runs died and
-- were resumed. Texts and paths of Assay's own Lua files are left out. Schema: schema_1.sql.

INSERT INTO "artifact" VALUES(1,1,1,'job','job','01a20a4e-1d6a-78f8-bb6d-9f70196ea55b/job.json',353,
  '86573e109861d5e83ed476d950736bc9bd80a6f90cce799fe3efc9889cebe174','2026-11-23T21:27:01.227Z');
INSERT INTO "artifact" VALUES(2,1,1,'checkpoint','model',
  '01a20a4e-1d6a-78f8-bb6d-9f70196ea55b/checkpoint-3.safetensors',144,
  '592f554b2ef6d617f1831d3139f289f275fdd94853b46dc298b7303c709a866a','2026-11-23T21:27:01.246Z');
INSERT INTO "artifact" VALUES(3,1,1,'stdout','log','01a20a4e-1d6a-78f8-bb6d-9f70196ea55b/stdout.txt',0,
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','2026-11-23T21:27:01.248Z');
INSERT INTO "artifact" VALUES(4,1,1,'stderr','log','01a20a4e-1d6a-78f8-bb6d-9f70196ea55b/stderr.txt',0,
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','2026-11-23T21:27:01.248Z');
INSERT INTO "artifact" VALUES(5,2,2,'job','job','01a20a4e-1d80-779d-b81a-48ac98d09bd2/job.json',353,
  'a4a05b18cb55d5a963a5eff06140d21825569fb62a99c0f4479e4e738a0c0bea','2026-11-23T21:27:01.428Z');
INSERT INTO "artifact" VALUES(6,2,1,'checkpoint','model',
  '01a20a4e-1d80-779d-b81a-48ac98d09bd2/checkpoint-3.safetensors',144,
  '592f554b2ef6d617f1831d3139f289f275fdd94853b46dc298b7303c709a866a','2026-11-23T21:27:01.272Z');
INSERT INTO "artifact" VALUES(7,2,2,'stdout','log','01a20a4e-1d80-779d-b81a-48ac98d09bd2/stdout.txt',0,
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','2026-11-23T21:27:01.464Z');
INSERT INTO "artifact" VALUES(8,2,2,'stderr','log','01a20a4e-1d80-779d-b81a-48ac98d09bd2/stderr.txt',0,
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','2026-11-23T21:27:01.464Z');
INSERT INTO "artifact" VALUES(9,3,1,'job','job','01a20a4e-1d9a-7087-9c4b-4c50a1ef35a2/job.json',353,
  '0d347ae6bf85dc87d0883283c26f229729ca0b6d4f5f97f5a9efae3c5c547488','2026-11-23T21:27:01.274Z');
INSERT INTO "artifact" VALUES(10,3,1,'checkpoint','model',
  '01a20a4e-1d9a-7087-9c4b-4c50a1ef35a2/checkpoint-3.safetensors',144,
  '592f554b2ef6d617f1831d3139f289f275fdd94853b46dc298b7303c709a866a','2026-11-23T21:27:01.352Z');
INSERT INTO "artifact" VALUES(11,3,1,'stdout','log','01a20a4e-1d9a-7087-9c4b-4c50a1ef35a2/stdout.txt',0,
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','2026-11-23T21:27:01.354Z');
INSERT INTO "artifact" VALUES(12,3,1,'stderr','log','01a20a4e-1d9a-7087-9c4b-4c50a1ef35a2/stderr.txt',0,
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','2026-11-23T21:27:01.354Z');
INSERT INTO "artifact" VALUES(13,4,2,'job','job','01a20a4e-1dea-7aa8-9e99-d44cfe04c288/job.json',353,
  '55be17813276ccb1badd7730d502b8e0646abc0dcd9c77ea6bf08ac12dd0d331','2026-11-23T21:27:01.465Z');
INSERT INTO "artifact" VALUES(14,4,1,'checkpoint','model',
  '01a20a4e-1dea-7aa8-9e99-d44cfe04c288/checkpoint-3.safetensors',144,
  '592f554b2ef6d617f1831d3139f289f275fdd94853b46dc298b7303c709a866a','2026-11-23T21:27:01.363Z');
INSERT INTO "artifact" VALUES(15,4,2,'stdout','log','01a20a4e-1dea-7aa8-9e99-d44cfe04c288/stdout.txt',0,
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','2026-11-23T21:27:01.494Z');
INSERT INTO "artifact" VALUES(16,4,2,'stderr','log','01a20a4e-1dea-7aa8-9e99-d44cfe04c288/stderr.txt',0,
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855','2026-11-23T21:27:01.494Z');
INSERT INTO "attempt" VALUES(1,1,'2026-11-23T21:27:01.227Z','2026-11-23T21:27:01.247Z',0.02,'done');
INSERT INTO "attempt" VALUES(2,1,'2026-11-23T21:27:01.249Z','2026-11-23T21:27:01.273Z',0.024,'crashed');
INSERT INTO "attempt" VALUES(2,2,'2026-11-23T21:27:01.415Z','2026-11-23T21:27:01.461Z',0.046,'done');
INSERT INTO "attempt" VALUES(3,1,'2026-11-23T21:27:01.274Z','2026-11-23T21:27:01.353Z',0.079,'done');
INSERT INTO "attempt" VALUES(4,1,'2026-11-23T21:27:01.355Z','2026-11-23T21:27:01.364Z',0.009,'crashed');
INSERT INTO "attempt" VALUES(4,2,'2026-11-23T21:27:01.465Z','2026-11-23T21:27:01.493Z',0.028,'done');
INSERT INTO "build" VALUES(1,'0.1.0','6befc130ecd89980bb913029905b7694f2cc1aee',NULL,'gcc 12.2.0',
  'Release','OpenBLAS 0.3.21','Cooperlake');
INSERT INTO "event" VALUES(1,1,1,3,'2026-11-23T21:27:01.247Z','checkpoint','checkpoint-3.safetensors');
INSERT INTO "event" VALUES(2,1,1,NULL,'2026-11-23T21:27:01.247Z','note','no trouble');
INSERT INTO "event" VALUES(3,2,1,3,'2026-11-23T21:27:01.272Z','checkpoint','checkpoint-3.safetensors');
INSERT INTO "event" VALUES(4,3,1,3,'2026-11-23T21:27:01.352Z','checkpoint','checkpoint-3.safetensors');
INSERT INTO "event" VALUES(5,3,1,NULL,'2026-11-23T21:27:01.353Z','note','no trouble');
INSERT INTO "event" VALUES(6,4,1,3,'2026-11-23T21:27:01.363Z','checkpoint','checkpoint-3.safetensors');
INSERT INTO "event" VALUES(7,2,2,NULL,'2026-11-23T21:27:01.461Z','note','no trouble');
INSERT INTO "event" VALUES(8,4,2,NULL,'2026-11-23T21:27:01.493Z','note','no trouble');
INSERT INTO "experiment" VALUES(1,'old',NULL,NULL,'loss','old.lua',1,'2026-11-23T21:27:01.226Z');
INSERT INTO "host" VALUES(1,'machine','x86_64','Linux 6.18.44-fc-v595','AMD EPYC',2,25276514304);
INSERT INTO "metric" VALUES(1,1,1,1,1.0,1.31582664281006123108e-02);
INSERT INTO "metric" VALUES(1,1,1,2,0.0,1.31582664281006123108e-02);
INSERT INTO "metric" VALUES(1,1,1,3,0.125,1.31582664281006123108e-02);
INSERT INTO "metric" VALUES(1,1,2,1,NULL,1.31803294281006011523e-02);
INSERT INTO "metric" VALUES(1,1,2,2,1.0,1.31803294281006011523e-02);
INSERT INTO "metric" VALUES(1,1,2,3,0.25,1.31803294281006011523e-02);
INSERT INTO "metric" VALUES(1,1,3,1,1.0,1.31957314281005988476e-02);
INSERT INTO "metric" VALUES(1,1,3,2,4.0,1.31957314281005988476e-02);
INSERT INTO "metric" VALUES(1,1,3,3,0.375,1.31957314281005988476e-02);
INSERT INTO "metric" VALUES(1,1,4,1,1.0,2.10511644281005938506e-02);
INSERT INTO "metric" VALUES(1,1,4,2,9.0,2.10511644281005938506e-02);
INSERT INTO "metric" VALUES(1,1,4,3,0.5,2.10511644281005938506e-02);
INSERT INTO "metric" VALUES(1,1,5,1,1.0,2.10722154281005880083e-02);
INSERT INTO "metric" VALUES(1,1,5,2,16.0,2.10722154281005880083e-02);
INSERT INTO "metric" VALUES(1,1,5,3,0.625,2.10722154281005880083e-02);
INSERT INTO "metric" VALUES(1,1,6,1,1.0,2.10872474281006139218e-02);
INSERT INTO "metric" VALUES(1,1,6,2,25.0,2.10872474281006139218e-02);
INSERT INTO "metric" VALUES(1,1,6,3,0.75,2.10872474281006139218e-02);
INSERT INTO "metric" VALUES(2,1,1,1,1.0,1.18546900415039124787e-02);
INSERT INTO "metric" VALUES(2,1,1,2,1.0,1.18546900415039124787e-02);
INSERT INTO "metric" VALUES(2,1,1,3,0.125,1.18546900415039124787e-02);
INSERT INTO "metric" VALUES(2,1,2,1,NULL,1.187743404150393145e-02);
INSERT INTO "metric" VALUES(2,1,2,2,0.0,1.187743404150393145e-02);
INSERT INTO "metric" VALUES(2,1,2,3,0.25,1.187743404150393145e-02);
INSERT INTO "metric" VALUES(2,1,3,1,1.0,1.18927160415039367968e-02);
INSERT INTO "metric" VALUES(2,1,3,2,1.0,1.18927160415039367968e-02);
INSERT INTO "metric" VALUES(2,1,3,3,0.375,1.18927160415039367968e-02);
INSERT INTO "metric" VALUES(2,1,4,1,1.0,2.48992870415039035947e-02);
INSERT INTO "metric" VALUES(2,1,4,2,4.0,2.48992870415039035947e-02);
INSERT INTO "metric" VALUES(2,1,4,3,0.5,2.48992870415039035947e-02);
INSERT INTO "metric" VALUES(2,1,5,1,1.0,0.0249202280415039);
INSERT INTO "metric" VALUES(2,1,5,2,9.0,0.0249202280415039);
INSERT INTO "metric" VALUES(2,1,5,3,0.625,0.0249202280415039);
INSERT INTO "metric" VALUES(2,2,4,1,1.0,2.13311993041503944468e-01);
INSERT INTO "metric" VALUES(2,2,4,2,4.0,2.13311993041503944468e-01);
INSERT INTO "metric" VALUES(2,2,4,3,0.5,2.13311993041503944468e-01);
INSERT INTO "metric" VALUES(2,2,5,1,1.0,2.13377741041503921071e-01);
INSERT INTO "metric" VALUES(2,2,5,2,9.0,2.13377741041503921071e-01);
INSERT INTO "metric" VALUES(2,2,5,3,0.625,2.13377741041503921071e-01);
INSERT INTO "metric" VALUES(2,2,6,1,1.0,2.13396739041503913369e-01);
INSERT INTO "metric" VALUES(2,2,6,2,16.0,2.13396739041503913369e-01);
INSERT INTO "metric" VALUES(2,2,6,3,0.75,2.13396739041503913369e-01);
INSERT INTO "metric" VALUES(3,1,1,1,1.0,3.28246095718994213008e-02);
INSERT INTO "metric" VALUES(3,1,1,2,1.0,3.28246095718994213008e-02);
INSERT INTO "metric" VALUES(3,1,1,3,0.125,3.28246095718994213008e-02);
INSERT INTO "metric" VALUES(3,1,2,1,NULL,3.28561765718994314156e-02);
INSERT INTO "metric" VALUES(3,1,2,2,0.0,3.28561765718994314156e-02);
INSERT INTO "metric" VALUES(3,1,2,3,0.25,3.28561765718994314156e-02);
INSERT INTO "metric" VALUES(3,1,3,1,1.0,3.28778785718994437381e-02);
INSERT INTO "metric" VALUES(3,1,3,2,1.0,3.28778785718994437381e-02);
INSERT INTO "metric" VALUES(3,1,3,3,0.375,3.28778785718994437381e-02);
INSERT INTO "metric" VALUES(3,1,4,1,1.0,7.90361805718994281377e-02);
INSERT INTO "metric" VALUES(3,1,4,2,4.0,7.90361805718994281377e-02);
INSERT INTO "metric" VALUES(3,1,4,3,0.5,7.90361805718994281377e-02);
INSERT INTO "metric" VALUES(3,1,5,1,1.0,7.90637315718994426738e-02);
INSERT INTO "metric" VALUES(3,1,5,2,9.0,7.90637315718994426738e-02);
INSERT INTO "metric" VALUES(3,1,5,3,0.625,7.90637315718994426738e-02);
INSERT INTO "metric" VALUES(3,1,6,1,1.0,7.908490257189942918e-02);
INSERT INTO "metric" VALUES(3,1,6,2,16.0,7.908490257189942918e-02);
INSERT INTO "metric" VALUES(3,1,6,3,0.75,7.908490257189942918e-02);
INSERT INTO "metric" VALUES(4,1,1,1,1.0,7.74347592651369875937e-03);
INSERT INTO "metric" VALUES(4,1,1,2,9.0,7.74347592651369875937e-03);
INSERT INTO "metric" VALUES(4,1,1,3,0.125,7.74347592651369875937e-03);
INSERT INTO "metric" VALUES(4,1,2,1,NULL,7.76680092651371722922e-03);
INSERT INTO "metric" VALUES(4,1,2,2,4.0,7.76680092651371722922e-03);
INSERT INTO "metric" VALUES(4,1,2,3,0.25,7.76680092651371722922e-03);
INSERT INTO "metric" VALUES(4,1,3,1,1.0,7.78205292651368285561e-03);
INSERT INTO "metric" VALUES(4,1,3,2,1.0,7.78205292651368285561e-03);
INSERT INTO "metric" VALUES(4,1,3,3,0.375,7.78205292651368285561e-03);
INSERT INTO "metric" VALUES(4,1,4,1,1.0,0.00883523292651367);
INSERT INTO "metric" VALUES(4,1,4,2,0.0,0.00883523292651367);
INSERT INTO "metric" VALUES(4,1,4,3,0.5,0.00883523292651367);
INSERT INTO "metric" VALUES(4,1,5,1,1.0,8.85792692651371504908e-03);
INSERT INTO "metric" VALUES(4,1,5,2,1.0,8.85792692651371504908e-03);
INSERT INTO "metric" VALUES(4,1,5,3,0.625,8.85792692651371504908e-03);
INSERT INTO "metric" VALUES(4,2,4,1,1.0,1.38026251926513687795e-01);
INSERT INTO "metric" VALUES(4,2,4,2,0.0,1.38026251926513687795e-01);
INSERT INTO "metric" VALUES(4,2,4,3,0.5,1.38026251926513687795e-01);
INSERT INTO "metric" VALUES(4,2,5,1,1.0,1.38072039926513678853e-01);
INSERT INTO "metric" VALUES(4,2,5,2,1.0,1.38072039926513678853e-01);
INSERT INTO "metric" VALUES(4,2,5,3,0.625,1.38072039926513678853e-01);
INSERT INTO "metric" VALUES(4,2,6,1,1.0,1.38090176926513708011e-01);
INSERT INTO "metric" VALUES(4,2,6,2,4.0,1.38090176926513708011e-01);
INSERT INTO "metric" VALUES(4,2,6,3,0.75,1.38090176926513708011e-01);
INSERT INTO "metric_name" VALUES(1,'gap',0);
INSERT INTO "metric_name" VALUES(2,'loss',0);
INSERT INTO "metric_name" VALUES(3,'seconds',1);
INSERT INTO "note" VALUES(1,1,'2026-11-23T21:27:01.512Z','kept from schema 1');
INSERT INTO "param" VALUES(1,'arm.k','1',1.0,NULL);
INSERT INTO "param" VALUES(1,'lr','0.25',0.25,NULL);
INSERT INTO "param" VALUES(2,'arm.k','2',2.0,NULL);
INSERT INTO "param" VALUES(2,'lr','0.25',0.25,NULL);
INSERT INTO "param" VALUES(3,'arm.k','1',1.0,NULL);
INSERT INTO "param" VALUES(3,'lr','0.25',0.25,NULL);
INSERT INTO "param" VALUES(4,'arm.k','2',2.0,NULL);
INSERT INTO "param" VALUES(4,'lr','0.25',0.25,NULL);
INSERT INTO "run" VALUES(1,'01a20a4e-1d6a-78f8-bb6d-9f70196ea55b',1,'run','a',1,
  '51dd75534b8064662c7d65d1cf3e1b21ede48dc08264110b9eb9843e45ffeb19','done','2026-11-23T21:27:01.226Z',
  '2026-11-23T21:27:01.247Z',0.02,NULL,NULL,NULL,NULL,NULL,2765,1576074,
  '0858f397-9a91-4ee4-bc1b-6155ac832968',2,1,1);
INSERT INTO "run" VALUES(2,'01a20a4e-1d80-779d-b81a-48ac98d09bd2',1,'run','b',1,
  '7b30e0f0707efe2e9254db26c5bf05248695a64f9a9bda5b7a6958b3c1bbdd3b','done','2026-11-23T21:27:01.248Z',
  '2026-11-23T21:27:01.461Z',0.07,NULL,NULL,NULL,NULL,NULL,2777,1576094,
  '0858f397-9a91-4ee4-bc1b-6155ac832968',2,1,1);
INSERT INTO "run" VALUES(3,'01a20a4e-1d9a-7087-9c4b-4c50a1ef35a2',1,'run','a',2,
  '4b7b44bb439210d6d83c1775ce178e4800bdca33f20de99117740ce51490d200','done','2026-11-23T21:27:01.274Z',
  '2026-11-23T21:27:01.353Z',0.079,NULL,NULL,NULL,NULL,NULL,2769,1576079,
  '0858f397-9a91-4ee4-bc1b-6155ac832968',2,1,1);
INSERT INTO "run" VALUES(4,'01a20a4e-1dea-7aa8-9e99-d44cfe04c288',1,'run','b',2,
  '1e70489110bf8932a3e10d293a4f9da70f58630128cef23daf375119fc59f655','done','2026-11-23T21:27:01.355Z',
  '2026-11-23T21:27:01.493Z',0.037,NULL,NULL,NULL,NULL,NULL,2780,1576098,
  '0858f397-9a91-4ee4-bc1b-6155ac832968',2,1,1);
INSERT INTO "run_metric" VALUES(1,1);
INSERT INTO "run_metric" VALUES(1,2);
INSERT INTO "run_metric" VALUES(1,3);
INSERT INTO "run_metric" VALUES(2,1);
INSERT INTO "run_metric" VALUES(2,2);
INSERT INTO "run_metric" VALUES(2,3);
INSERT INTO "run_metric" VALUES(3,1);
INSERT INTO "run_metric" VALUES(3,2);
INSERT INTO "run_metric" VALUES(3,3);
INSERT INTO "run_metric" VALUES(4,1);
INSERT INTO "run_metric" VALUES(4,2);
INSERT INTO "run_metric" VALUES(4,3);
INSERT INTO "run_source" VALUES(1,'/usr/share/assay/lua/assay/checkpoint.lua',6,1);
INSERT INTO "run_source" VALUES(1,'/usr/share/assay/lua/assay/experiment.lua',3,1);
INSERT INTO "run_source" VALUES(1,'/usr/share/assay/lua/assay/init.lua',2,1);
INSERT INTO "run_source" VALUES(1,'/usr/share/assay/lua/assay/run.lua',5,1);
INSERT INTO "run_source" VALUES(1,'/usr/share/assay/lua/assay/settings.lua',4,1);
INSERT INTO "run_source" VALUES(1,'old.lua',1,0);
INSERT INTO "run_source" VALUES(2,'/usr/share/assay/lua/assay/checkpoint.lua',6,1);
INSERT INTO "run_source" VALUES(2,'/usr/share/assay/lua/assay/experiment.lua',3,1);
INSERT INTO "run_source" VALUES(2,'/usr/share/assay/lua/assay/init.lua',2,1);
INSERT INTO "run_source" VALUES(2,'/usr/share/assay/lua/assay/run.lua',5,1);
INSERT INTO "run_source" VALUES(2,'/usr/share/assay/lua/assay/settings.lua',4,1);
INSERT INTO "run_source" VALUES(2,'old.lua',1,0);
INSERT INTO "run_source" VALUES(3,'/usr/share/assay/lua/assay/checkpoint.lua',6,1);
INSERT INTO "run_source" VALUES(3,'/usr/share/assay/lua/assay/experiment.lua',3,1);
INSERT INTO "run_source" VALUES(3,'/usr/share/assay/lua/assay/init.lua',2,1);
INSERT INTO "run_source" VALUES(3,'/usr/share/assay/lua/assay/run.lua',5,1);
INSERT INTO "run_source" VALUES(3,'/usr/share/assay/lua/assay/settings.lua',4,1);
INSERT INTO "run_source" VALUES(3,'old.lua',1,0);
INSERT INTO "run_source" VALUES(4,'/usr/share/assay/lua/assay/checkpoint.lua',6,1);
INSERT INTO "run_source" VALUES(4,'/usr/share/assay/lua/assay/experiment.lua',3,1);
INSERT INTO "run_source" VALUES(4,'/usr/share/assay/lua/assay/init.lua',2,1);
INSERT INTO "run_source" VALUES(4,'/usr/share/assay/lua/assay/run.lua',5,1);
INSERT INTO "run_source" VALUES(4,'/usr/share/assay/lua/assay/settings.lua',4,1);
INSERT INTO "run_source" VALUES(4,'old.lua',1,0);
INSERT INTO "source" VALUES(1,'f744ba5e9631e8f11b86c90111388c1340c7b2cf30cae3500c5a3972c89fdcf7',
  'local as = require "assay"
return as.experiment {
  name = "old", headline = "loss", allow_nan = true, params = { lr = 0.25 },
  arms = { a = { k = 1 }, b = { k = 2 } },
  run = function(run, p)
    local best = { n = 0 }
    local from = run:resume { best = best }
    for step = from + 1, 6 do
      best.n = step
      run:log(step, { loss = (p.k * run.seed - step) ^ 2, seconds = step / 8,'
  || ' gap = step == 2 and 0 / 0 or 1 })
      if step == 3 then run:checkpoint(step) end
      if step == 5 and from == 0 and p.k == 2 then os.exit(9) end
    end
    run:note "no trouble"
  end,
}
');
INSERT INTO "source" VALUES(2,'668daa8a28a09c62bdf1c09f04ed66aba76c34151972fe7d8c3f675a7fcd3a33',
  '-- left out');
INSERT INTO "source" VALUES(3,'9ea77cf97bc3a0914339b491a5aa833faeb5f3bd7799f240023e87279ceefe2b',
  '-- left out');
INSERT INTO "source" VALUES(4,'a4a39c11972bc8effa4a52b26cda10cd463124b8524b2a309481280fa4df0c98',
  '-- left out');
INSERT INTO "source" VALUES(5,'75ab20264afb6ccc255ad919b9c5d6cebdfb8a4a2c16e63f6185c198cd63a1b9',
  '-- left out');
INSERT INTO "source" VALUES(6,'74b11b6e8cc31985d5b101631d9cd6d516862615047eee67666dde106ad63650',
  '-- left out');
INSERT INTO "tag" VALUES(2,'old');
INSERT INTO claim (id, experiment_id, name, statement, kind, side, pooled, null_value, least_mean,
  source_id, created_at)
  VALUES (1, 1, 'beats', 'a beats b', 'superiority', 'above', 0, 0, 0.5, 1, '2026-01-01T00:00:00.000Z');
INSERT INTO verdict (id, claim_id, at, n, mean, rule, interval, outcome)
  VALUES (1, 1, '2026-01-02T00:00:00.000Z', 2, 0.75, 'met', 'above', 'holds');
INSERT INTO claim_value (id, verdict_id, seed, value) VALUES (1, 1, 1, 0.5), (2, 1, 2, 1);
INSERT INTO claim_value_run VALUES (1, 1), (2, 2);
