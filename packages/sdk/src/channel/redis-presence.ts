import type { PresenceEntry, PresenceStore } from './log-types.ts';

/** Presence that the processes on one Redis share: a hash of leases a channel; its clock decides when one ends. */
export function createRedisPresence(
  run: (script: string, ...values: (string | number)[]) => Promise<unknown>,
): PresenceStore {
  return {
    async renew(entries, leaseMs) {
      const values = entries.flatMap(({ channel, client, user, info }) => [
        channel,
        client,
        JSON.stringify([user, info]),
      ]);
      await run(RENEW, leaseMs, ...values);
    },
    async leave(entries) {
      await run(LEAVE, ...entries.flatMap(({ channel, client }) => [channel, client]));
    },
    async list(channel) {
      const flat = (await run(LIST, channel)) as string[];
      return Array.from({ length: flat.length / 2 }, (_nothing, index): PresenceEntry => {
        const [user, info] = JSON.parse(flat[index * 2 + 1] ?? '[]') as [string, string | null];
        return { channel, client: flat[index * 2] ?? '', user, info: info ?? undefined };
      });
    },
  };
}

/** Who is there is in a hash, until when in a sorted set. */
const RENEW = `
local time = redis.call('TIME')
local ends = time[1] * 1000 + math.floor(time[2] / 1000) + ARGV[2]
for i = 3, #ARGV, 3 do
  local who, till = KEYS[1] .. ':p:' .. ARGV[i], KEYS[1] .. ':e:' .. ARGV[i]
  redis.call('HSET', who, ARGV[i + 1], ARGV[i + 2])
  redis.call('ZADD', till, ends, ARGV[i + 1])
  redis.call('PEXPIRE', who, ARGV[2])
  redis.call('PEXPIRE', till, ARGV[2])
end
`;

const LEAVE = `
for i = 2, #ARGV, 2 do
  redis.call('HDEL', KEYS[1] .. ':p:' .. ARGV[i], ARGV[i + 1])
  redis.call('ZREM', KEYS[1] .. ':e:' .. ARGV[i], ARGV[i + 1])
end
`;

const LIST = `
local who, till = KEYS[1] .. ':p:' .. ARGV[2], KEYS[1] .. ':e:' .. ARGV[2]
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for _, client in ipairs(redis.call('ZRANGEBYSCORE', till, '-inf', now, 'LIMIT', 0, 1000)) do
  redis.call('HDEL', who, client)
  redis.call('ZREM', till, client)
end
local told = {}
for _, client in ipairs(redis.call('ZRANGEBYSCORE', till, '(' .. now, '+inf', 'LIMIT', 0, 10000)) do
  local value = redis.call('HGET', who, client)
  if value then
    told[#told + 1] = client
    told[#told + 1] = value
  end
end
return told
`;
