-- Schema 2 to 3: the latest verdict is the one made last, not the one with the highest number, which a merge
-- may have given to an older one.
DROP VIEW verdicts;
CREATE VIEW verdicts AS
SELECT x.name AS experiment, x.paper, c.name AS claim, c.statement, c.paper_says, v.outcome, v.trial, v.rule,
       v.interval, v.mean, v.low, v.high, v.n, v.n_right, c.kind, c.side, c.null_value, c.or_equal, c.center,
       c.least_mean, c.least_seeds, c.of_seeds, c.least_share, c.pooled, c.parts, c.method, v.right_share,
       v.sign_p, v.wilcoxon_p, v.at, v.sentence, c.created_at AS claimed_at, c.change,
       EXISTS (SELECT 1 FROM claim l WHERE l.previous_id = c.id) AS replaced,
       c.id AS claim_id, v.id AS verdict_id
  FROM claim c
  JOIN experiment x ON x.id = c.experiment_id
  JOIN verdict v ON v.id = (SELECT l.id FROM verdict l WHERE l.claim_id = c.id
                             ORDER BY l.trial IS NULL DESC, l.at DESC, l.id DESC LIMIT 1);
