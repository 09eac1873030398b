-- A row at least in every table: two seeds of an arm, a pool over them, a sweep with a tuning, a changed
-- claim and its verdict. U1, U2 and U3 stand for the uuids.
INSERT INTO source VALUES (1, 'a18b', 'return 1'), (2, 'b9ce', 'return 2'), (3, 'c0ff', 'claim');
INSERT INTO experiment VALUES (1, 'quick', 'arXiv:1', NULL, 'loss', 'quick.lua', 1,
  '2026-01-01T00:00:00.000Z'),
  (2, 'quick', 'arXiv:1', NULL, 'loss', 'quick.lua', 2, '2026-01-02T00:00:00.000Z');
INSERT INTO build VALUES (1, '0.1.0', 'abc', NULL, 'gcc 12', 'Release', 'OpenBLAS', 'Haswell');
INSERT INTO host VALUES (1, 'box', 'x86_64', 'Linux', 'EPYC', 2, 1000000000);
INSERT INTO run VALUES
  (1, 'U1', 1, 'run', 'ce', 1, 'i1', 'done', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:01.000Z', 1.0,
    NULL,
   NULL, NULL, NULL, NULL, 11, 12, 'boot', 2, 1, 1),
  (2, 'U2', 1, 'run', 'ce', 2, 'i2', 'crashed', '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:01.000Z', 1.5,
   'no more', 11, 'losses/poly1', 'forward', 3, 12, 13, 'boot', 2, 1, 1),
  (3, 'U3', 1, 'pool', 'ce', NULL, 'i3', 'done', '2026-01-01T00:00:02.000Z', '2026-01-01T00:00:03.000Z',
    1.0, NULL,
   NULL, NULL, NULL, NULL, 14, 15, 'boot', 2, 1, 1);
INSERT INTO run_member VALUES (3, 1), (3, 2);
INSERT INTO run_source VALUES (1, 'quick.lua', 1, 0), (2, 'quick.lua', 1, 0), (2, 'own.lua', 2, 0);
INSERT INTO attempt VALUES (1, 1, '2026-01-01T00:00:00.000Z', '2026-01-01T00:00:01.000Z', 1.0, 'done'),
  (2, 1, '2026-01-01T00:00:00.000Z', NULL, NULL, 'lost'),
  (2, 2, '2026-01-01T00:00:00.500Z', '2026-01-01T00:00:01.000Z', 0.5, 'crashed'),
  (3, 1, '2026-01-01T00:00:02.000Z', '2026-01-01T00:00:03.000Z', 1.0, 'done');
INSERT INTO param VALUES (1, 'lr', '0.1', 0.1, NULL), (1, 'name', '"x"', NULL, 'x');
INSERT INTO metric_name VALUES (1, 'loss', 0), (2, 'seconds', 1);
INSERT INTO metric VALUES (1, 1, 1, 1, 0.1, 0.5), (1, 1, 1, 2, 3.25, 0.5), (1, 1, 2, 1, NULL, 0.75),
  (2, 1, 1, 1, 9e999, 0.5), (2, 2, 1, 1, 0.0, 0.5), (3, 1, 0, 1, 0.30000000000000004, 0.5);
INSERT INTO run_metric VALUES (1, 1), (1, 2), (2, 1), (3, 1);
INSERT INTO plugin_use VALUES (1, 'losses', 'poly1', '1.0.0', 'p.so', 'h1', 'h2');
INSERT INTO plugin_check VALUES ('losses', 'poly1', 'h1', '1.0.0', '2026-01-01T00:00:00.000Z', 'passed',
  '[]');
INSERT INTO data_use VALUES (1, 'mnist', 'm.gz', 'd1', 10);
INSERT INTO event VALUES (1, 2, 2, NULL, '2026-01-01T00:00:00.500Z', 'warning', 'twice'),
  (2, 2, 2, NULL, '2026-01-01T00:00:00.500Z', 'warning', 'twice');
INSERT INTO note VALUES (1, 1, '2026-01-03T00:00:00.000Z', 'good');
INSERT INTO tag VALUES (1, 'best'), (1, 'figure-2');
INSERT INTO sweep VALUES (1, 1, 'tune', 'grid', NULL, '{"lr":[0.1]}', '2026-01-01T00:00:00.000Z');
INSERT INTO sweep_point VALUES (1, 1, 'ce', 1, '{"lr":0.1}');
INSERT INTO sweep_run VALUES (1, 1), (1, 2);
INSERT INTO tuning VALUES (1, 1, 'ce', 'loss', 'val', 'lowest mean', '[1,2]', 1, 2, 1, '{"lr":0.1}', 0.1,
  NULL,
  '2026-01-01T00:00:00.000Z');
INSERT INTO claim (id, experiment_id, name, statement, kind, side, pooled, null_value, or_equal, center,
  method,
    source_id, previous_id, change, created_at) VALUES
  (1, 1, 'c', 'is so', 'threshold', 'above', 0, 0.5, 0, 'mean', 't', 3, NULL, NULL,
    '2026-01-01T00:00:00.000Z'),
  (2, 2, 'c', 'is so', 'threshold', 'above', 0, 0.6, 0, 'mean', 't', 3, 1, 'null_value: 0.6, was 0.5',
   '2026-01-02T00:00:00.000Z');
INSERT INTO verdict (id, claim_id, at, n, mean, rule, interval, outcome) VALUES
  (1, 1, '2026-01-01T00:00:09.000Z', 2, 0.75, 'met', 'above', 'holds');
INSERT INTO claim_value VALUES (1, 1, 1, NULL, 0.5), (2, 1, 2, 'a', NULL);
INSERT INTO claim_value_run VALUES (1, 1), (2, 1), (2, 2);
INSERT INTO artifact VALUES (1, 1, 1, 'model', 'model', 'U1/model', 5,
  '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824', '2026-01-01T00:00:01.000Z');
