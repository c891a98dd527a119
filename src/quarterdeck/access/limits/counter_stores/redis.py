"""Counters in Redis or Valkey, for gateways on many machines: each step is one script, so nothing comes in between.

All keys of a project have its id in braces, so that a cluster keeps them in one place. The clock is the server's. Counters
end a day after their window. A lease is a hash of what it holds, and stands in a sorted set by the moment it runs out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from quarterdeck.access.limits.counters import LEASE_S, Answer, Standing, project_of
from quarterdeck.access.limits.records import StoreFailure
from quarterdeck.access.limits.remote import Command, Look, RemoteCounters, Renew, Reply, Reserve, Settle, Told
from quarterdeck.access.limits.windows import FOR_EVER_S
from quarterdeck.core.errors import SetupError, Unavailable

if TYPE_CHECKING:
    from redis.asyncio import Redis

_CONNECT_WITHIN_S = 1.0

# Numbers are kept by `HINCRBY`, exactly; Lua compares them as doubles, which is off by a tenth of a cent at most for the
# largest budget that can be set. A lease: state, and of each counter what it holds (`s:` is spent, `n:` is given back).
_CHARGE = """
local function charge(leases, name)
  local lease = leases .. ':' .. name
  if redis.call('HGET', lease, 'state') == 'held' then
    local fields = redis.call('HGETALL', lease)
    for i = 1, #fields, 2 do
      local kind, key = string.sub(fields[i], 1, 2), string.sub(fields[i], 3)
      if kind == 's:' or kind == 'n:' then
        if redis.call('EXISTS', key) == 1 then
          redis.call('HINCRBY', key, 'r', '-' .. fields[i + 1])
          if kind == 's:' then redis.call('HINCRBY', key, 'u', fields[i + 1]) end
        end
      end
    end
    redis.call('HSET', lease, 'state', 'charged')
  end
  redis.call('ZREM', leases, name)
end
"""
_RESERVE = (
    _CHARGE
    + """
local leases, lease = KEYS[1], KEYS[2]
local name, lease_ms, n = ARGV[1], tonumber(ARGV[2]), #KEYS - 2
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
for _, ended in ipairs(redis.call('ZRANGEBYSCORE', leases, '-inf', now, 'LIMIT', 0, 16)) do charge(leases, ended) end
local answer, refused = {}, 0
for i = 1, n do
  local found = redis.call('HMGET', KEYS[i + 2], 'u', 'r')
  local used, reserved = found[1] or '0', found[2] or '0'
  local amount, most = tonumber(ARGV[i * 4 - 1]), ARGV[i * 4]
  if refused == 0 and most ~= '' and amount > 0 and used + reserved + amount > tonumber(most) then refused = i end
  answer[i * 2 - 1], answer[i * 2] = used, reserved
end
if refused == 0 and redis.call('EXISTS', lease) == 0 then
  for i = 1, n do
    local amount, ends, kind = ARGV[i * 4 - 1], ARGV[i * 4 + 1], ARGV[i * 4 + 2]
    answer[i * 2] = string.format('%.0f', redis.call('HINCRBY', KEYS[i + 2], 'r', amount))
    if ends ~= '' then redis.call('EXPIREAT', KEYS[i + 2], ends) end
    redis.call('HSET', lease, kind .. KEYS[i + 2], amount)
  end
  redis.call('HSET', lease, 'state', 'held')
  redis.call('PEXPIRE', lease, lease_ms + 86400000)
  redis.call('ZADD', leases, now + lease_ms, name)
end
return {refused, answer}
"""
)
_SETTLE = """
local leases, lease = KEYS[1], KEYS[2]
local state = redis.call('HGET', lease, 'state')
if state == 'done' then return 0 end
for i = 1, #KEYS - 2 do
  local key, used, ends, kind = KEYS[i + 2], ARGV[i * 3 - 1], ARGV[i * 3], ARGV[i * 3 + 1]
  local held = state and redis.call('HGET', lease, kind .. key)
  if state == 'held' and held then redis.call('HINCRBY', key, 'r', '-' .. held) end
  if state == 'charged' and held and kind == 's:' then redis.call('HINCRBY', key, 'u', '-' .. held) end
  if kind == 's:' then redis.call('HINCRBY', key, 'u', used) end
  if ends ~= '' then redis.call('EXPIREAT', key, ends) end
end
redis.call('DEL', lease)
redis.call('HSET', lease, 'state', 'done')
redis.call('EXPIRE', lease, 3600)
redis.call('ZREM', leases, ARGV[1])
return 1
"""
_RENEW = """
local time = redis.call('TIME')
local until_ms = time[1] * 1000 + math.floor(time[2] / 1000) + tonumber(ARGV[1])
for i = 2, #ARGV do redis.call('ZADD', KEYS[1], 'XX', until_ms, ARGV[i]) end
return #ARGV
"""
_SWEEP = (
    _CHARGE
    + """
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local ended = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, 256)
for _, name in ipairs(ended) do charge(KEYS[1], name) end
return #ended
"""
)
_SCRIPTS = {
    script: hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest()
    for script in (_RESERVE, _SETTLE, _RENEW, _SWEEP)
}


class RedisCounters(RemoteCounters):
    """Counts in Redis."""

    kind = "redis"

    def __init__(
        self,
        url: str,
        *,
        on_failure: StoreFailure = "share",
        sharers: int = 1,
        told: Told | None = None,
        lease_s: float = LEASE_S,
    ) -> None:
        super().__init__(on_failure=on_failure, sharers=sharers, told=told)
        try:
            from redis import asyncio as redis_asyncio
            from redis.exceptions import NoScriptError, RedisError
        except ImportError as error:
            raise SetupError(
                "`QUARTERDECK_REDIS_URL` needs the package `redis`: `pip install quarterdeck[redis]`."
            ) from error
        self._error = RedisError
        self._lease_ms = int(lease_s * 1000)
        try:
            self._redis: Redis = redis_asyncio.from_url(
                url, socket_connect_timeout=_CONNECT_WITHIN_S, socket_keepalive=True, single_connection_client=False
            )
        except ValueError as error:
            raise SetupError(
                "`QUARTERDECK_REDIS_URL` is no address of a Redis: write `redis://HOST:6379/0`."
            ) from error
        self._unknown = NoScriptError
        self._loaded = False

    async def exchange(self, batch: Sequence[Command]) -> list[Reply]:
        try:
            sent, answers = await self._carry_out(batch)
        except self._error as error:
            # Its own words may name the address, and with it a password: the class says enough.
            raise Unavailable(f"Redis: {type(error).__name__}") from error
        replies: list[Reply] = []
        taken = iter(answers)
        for command, count in zip(batch, sent, strict=True):
            raw = [next(taken) for _ in range(count)]
            if isinstance(command, Reserve):
                replies.append(_answer(raw[0]))
            elif isinstance(command, Look):
                replies.append(await self._standings(command.prefix))
            else:
                replies.append(None)
        return replies

    async def hang_up(self) -> None:
        await self._redis.aclose()

    async def _carry_out(self, batch: Sequence[Command]) -> tuple[list[int], list[Any]]:  # Any: whatever Redis answers
        """One round trip for all of it. A server that was restarted has to be told the scripts again."""
        for _ in range(2):
            async with self._redis.pipeline(transaction=False) as pipe:
                told = 0 if self._loaded else len(_SCRIPTS)
                if told:
                    for script in _SCRIPTS:
                        pipe.script_load(script)
                sent = [_send(pipe, command, self._lease_ms) for command in batch]
                if not any(sent):
                    pipe.ping()
                try:
                    answers = await pipe.execute()
                except self._unknown:
                    # Whatever was carried out before is not carried out twice: each lease is taken and ended once.
                    self._loaded = False
                    continue
            self._loaded = True
            return sent, answers[told:]
        raise Unavailable("Redis forgets its scripts.")

    async def _standings(self, prefix: str) -> dict[str, Standing]:
        start = _meter(prefix)
        pattern = "".join(f"[{sign}]" if sign in "*?[" else sign for sign in start) + "*"
        names = [name async for name in self._redis.scan_iter(match=pattern, count=1000)]
        found: dict[str, Standing] = {}
        async with self._redis.pipeline(transaction=False) as pipe:
            for name in names:
                pipe.hmget(name, ["u", "r"])
            for name, (used, reserved) in zip(names, await pipe.execute(), strict=True):
                standing = Standing(int(used or 0), int(reserved or 0))
                if standing.used or standing.reserved:
                    found[_key_of(name)] = standing
        return found


def _send(
    pipe: Any, command: Command, lease_ms: int
) -> int:  # Any: redis-py's pipeline is typed for two worlds at once
    """Put a command into a pipeline; how many answers it will have."""
    if isinstance(command, Reserve):
        arguments: list[str | int] = [command.lease, lease_ms]
        for claim in command.claims:
            most = "" if claim.most is None else claim.most
            arguments += [claim.amount, most, _end(claim.ends_at_s), "s:" if claim.spent else "n:"]
        _run(pipe, _RESERVE, [*_names(command.lease), *(_meter(claim.key) for claim in command.claims)], arguments)
        return 1
    if isinstance(command, Settle):
        arguments = [command.lease]
        for claim, used in zip(command.claims, command.used, strict=True):
            arguments += [used, _end(claim.ends_at_s), "s:" if claim.spent else "n:"]
        _run(pipe, _SETTLE, [*_names(command.lease), *(_meter(claim.key) for claim in command.claims)], arguments)
        return 1
    if isinstance(command, Renew):
        of_project: dict[str, list[str | int]] = {}
        for name in command.leases:
            of_project.setdefault(_names(name)[0], []).append(name)
        for leases, names in of_project.items():
            _run(pipe, _RENEW, [leases], [lease_ms, *names])
        return len(of_project)
    _run(pipe, _SWEEP, [_names(command.prefix)[0]], [])
    return 1


def _run(pipe: Any, script: str, keys: Sequence[str], arguments: Sequence[str | int]) -> None:  # Any: as above
    pipe.evalsha(_SCRIPTS[script], len(keys), *keys, *arguments)


def _names(lease: str) -> tuple[str, str]:
    leases = f"qd:{{{project_of(lease)}}}:leases"
    return leases, f"{leases}:{lease}"


def _meter(key: str) -> str:
    project, _, rest = key.partition(":")
    return f"qd:{{{project}}}:used:{rest}"


def _key_of(name: bytes) -> str:
    text = name.decode()
    project, _, rest = text.removeprefix("qd:{").partition("}:used:")
    return f"{project}:{rest}"


def _end(ends_at_s: int) -> str | int:
    return "" if ends_at_s == FOR_EVER_S else ends_at_s + 86_400


def _answer(raw: Any) -> Answer:  # Any: nested lists, as the script returns them
    refused, numbers = raw
    values = [int(number) for number in numbers]
    standings = [Standing(values[i], values[i + 1]) for i in range(0, len(values), 2)]
    return Answer(standings, refused - 1 if refused else None)
