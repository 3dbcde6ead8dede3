/** Seconds between the arrival of an evaluation and of the span of its unit, beyond which they are not joined. */
export const JOIN_SECONDS = 60;
/** A key counts as bad at most once in each aligned window of this many seconds. */
export const BAD_WINDOW_SECONDS = 300;

/**
 * Outcomes counted by SDKs, by rollout, second, side, group and value. Forced and late units are not judged, nor what
 * names a flag or variant that is not the rollout's: a sender that is mistaken about them is mistaken about sides.
 */
export const SDK_BLOCKS = `
SELECT rollout, toUnixTimestamp(_in) AS second, toString(side) AS side, toString(value_name) AS value_name, grp,
  sum(units) AS n, sum(errors) AS bad, sum(exposures) AS exposed, sum(distinct_bad) AS distinct_bad, sumMap(hist) AS hist
FROM outcomes
WHERE flag IN {flags:Array(String)} AND rollout IN {rollouts:Array(String)}
  AND _in >= toDateTime({from:UInt32}, 'UTC') AND _in <= toDateTime({through:UInt32}, 'UTC')
  AND late = 0 AND arm = 'randomised' AND side IN ('canary', 'control')
  AND flag = transform(toString(rollout), {rollouts:Array(String)}, {rolloutFlags:Array(String)}, '')
  AND (variant = '' OR variant = if(side = 'canary',
    transform(toString(rollout), {rollouts:Array(String)}, {canaries:Array(String)}, ''),
    transform(toString(rollout), {rollouts:Array(String)}, {controls:Array(String)}, '')))
  AND toUnixTimestamp(_in) >= transform(toString(rollout), {rollouts:Array(String)}, {froms:Array(UInt32)}, 4294967295)
  AND (revision = 0 OR revision >= transform(toString(rollout), {rollouts:Array(String)}, {revisions:Array(UInt64)}, 0))
GROUP BY rollout, second, side, value_name, grp
ORDER BY rollout, second, side, value_name, grp`;

/** One row where any flag was evaluated by a service without the SDK; planning the joins costs more than this. */
export const ANY_EVALUATION = `
SELECT 1 AS found FROM evaluations
WHERE flag IN {flags:Array(String)} AND judged = 1 AND late = 0
  AND _in >= toDateTime({lookback:UInt32}, 'UTC') AND _in <= toDateTime({through:UInt32}, 'UTC')
LIMIT 1`;

/**
 * Outcomes of services without the SDK: a flag evaluation told by a span or log record is joined with the span of its
 * unit of work (same trace and service, evaluated while the unit ran). The block of a pair is when its later half
 * arrived; the first pairing of an evaluation, and the first evaluation of a unit, are the ones that count, so that
 * nothing that arrives later changes a block that is closed. Services whose SDK told outcomes lately are left out.
 */
export const SPAN_BLOCKS = `
WITH
  wanted AS (
    SELECT tupleElement(w, 1) AS rollout, tupleElement(w, 2) AS flag, tupleElement(w, 3) AS canary,
      tupleElement(w, 4) AS control, tupleElement(w, 5) AS from_second, tupleElement(w, 6) AS revision
    FROM (SELECT arrayJoin(arrayZip({rollouts:Array(String)}, {rolloutFlags:Array(String)}, {canaries:Array(String)},
      {controls:Array(String)}, {froms:Array(UInt32)}, {revisions:Array(UInt64)})) AS w)
  ),
  evaluated AS (
    SELECT toString(flag) AS flag, toString(variant) AS variant, toString(service) AS service, trace_id, span_id AS at_span,
      ts AS at, revision, key_hash, grp, toUnixTimestamp(_in) AS told
    FROM evaluations
    WHERE flag IN {flags:Array(String)} AND judged = 1 AND late = 0 AND trace_id != toFixedString('', 16)
      AND _in >= toDateTime({lookback:UInt32}, 'UTC') AND _in <= toDateTime({through:UInt32}, 'UTC')
  ),
  unit AS (
    SELECT trace_id, toString(service) AS service, span_id AS unit_span, ts AS began,
      addNanoseconds(ts, duration_ns) AS ended, duration_ns, is_error, toUnixTimestamp(_in) AS arrived
    FROM spans
    WHERE is_unit = 1 AND _in >= toDateTime({lookback:UInt32}, 'UTC') AND _in <= toDateTime({through:UInt32}, 'UTC')
      AND trace_id IN (SELECT trace_id FROM evaluated)
  ),
  paired AS (
    SELECT flag, trace_id, service, at_span, at, variant, key_hash, any(revision) AS revision, any(grp) AS grp,
      argMin(
        tuple(unit_span, greatest(told, arrived), duration_ns, is_error),
        tuple(greatest(told, arrived), -toUnixTimestamp64Nano(began), unit_span)
      ) AS chosen
    FROM evaluated INNER JOIN unit USING (trace_id, service)
    WHERE at >= began AND at <= ended
      AND greatest(told, arrived) - least(told, arrived) <= ${JOIN_SECONDS}
    GROUP BY flag, trace_id, service, at_span, at, variant, key_hash
  ),
  per_unit AS (
    SELECT flag, service, min(chosen.2) AS second,
      argMin(tuple(variant, key_hash, grp, revision, chosen.3, chosen.4), tuple(chosen.2, at, variant, key_hash)) AS u
    FROM paired GROUP BY flag, service, trace_id, chosen.1
  ),
  told_by_sdk AS (
    SELECT DISTINCT toString(flag) AS flag, toString(service) AS service, toUnixTimestamp(_in) AS sdk_second FROM outcomes
    WHERE flag IN {flags:Array(String)} AND _in >= toDateTime({lookback:UInt32}, 'UTC')
      AND _in <= toDateTime({through:UInt32}, 'UTC')
  ),
  foreign AS (
    SELECT per_unit.flag AS flag, per_unit.second AS second, per_unit.u AS u
    FROM per_unit ASOF LEFT JOIN told_by_sdk AS s
      ON per_unit.flag = s.flag AND per_unit.service = s.service AND per_unit.second >= s.sdk_second
    WHERE s.sdk_second = 0 OR per_unit.second - s.sdk_second > ${BAD_WINDOW_SECONDS}
  ),
  sided AS (
    SELECT rollout, second, multiIf(u.1 = canary, 'canary', u.1 = control, 'control', '') AS side, u.2 AS key_hash,
      u.3 AS grp, toInt16(if(u.5 = 0, -32768, least(16000, greatest(-16000, ceil(log2(u.5 / 1000000) * 16) - 1)))) AS bucket,
      u.6 AS is_error, from_second,
      row_number() OVER (PARTITION BY rollout, side, u.2, is_error, intDiv(second, ${BAD_WINDOW_SECONDS}) ORDER BY second) AS nth
    FROM foreign INNER JOIN wanted USING (flag)
    WHERE side != '' AND (u.4 = 0 OR u.4 >= wanted.revision)
  )
SELECT rollout, second, side, '' AS value_name, toInt8(if(side = 'control', grp, -1)) AS grp, count() AS n,
  countIf(is_error = 1 AND (key_hash = 0 OR nth = 1)) AS bad, 0 AS exposed,
  bad AS distinct_bad, sumMap(map(bucket, toUInt64(1))) AS hist
FROM sided
WHERE second >= from_second AND second >= {from:UInt32}
GROUP BY rollout, second, side, grp
ORDER BY rollout, second, side, grp`;

/** First second that must be read so that blocks from `from` on come out the same whatever was asked before. */
export function lookbackOf(from: number): number {
  return Math.max(0, from - (from % BAD_WINDOW_SECONDS) - 3 * JOIN_SECONDS - BAD_WINDOW_SECONDS);
}
