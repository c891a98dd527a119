/** An alias as a graph: its name at the left, the models it may ask at the right, each line as thick as its share. */
import type { Alias, TargetHealth } from '../api/types';
import { Tag } from '../parts/Tag';
import { Told } from '../parts/Told';
import { When } from '../parts/When';
import { count, milliseconds, percent } from '../text/numbers';
import { meantShare, shareWords, stateOf } from './health';
import look from './Gateway.module.css';

const TALL = 76;
const GAP = 8;
const WIDE = 120;

export function AliasGraph({ alias }: { alias: Alias }) {
  return (
    <div className={look.graph}>
      <div className={look.source}>
        <code>{alias.name}</code>
        <div className={look.sub}>{alias.plan.strategy ?? 'ordered'}</div>
      </div>
      <Edges alias={alias} />
      <ul className={look.targets} aria-label={`Models behind ${alias.name}`}>
        {alias.models.map((target) => (
          <Target key={`${target.standing} ${target.model}`} alias={alias} target={target} />
        ))}
      </ul>
    </div>
  );
}

function Edges({ alias }: { alias: Alias }) {
  const tall = alias.models.length * (TALL + GAP) - GAP;
  return (
    <svg className={look.edges} width={WIDE} height={Math.max(tall, 1)} aria-hidden>
      {alias.models.map((target, n) => {
        const y = n * (TALL + GAP) + TALL / 2;
        const { tone } = stateOf(target);
        return (
          <path
            key={`${target.standing} ${target.model}`}
            d={`M2 ${tall / 2}C${WIDE / 2} ${tall / 2} ${WIDE / 2} ${y} ${WIDE - 2} ${y}`}
            fill="none"
            stroke={tone === 'err' ? 'var(--err)' : target.standing === 'target' ? 'color-mix(in srgb, var(--kind-llm) 55%, var(--surface))' : 'var(--line-strong)'}
            strokeWidth={target.standing === 'target' ? 1.5 + 5 * (meantShare(alias, target) ?? 0.15) : 1.5}
            strokeDasharray={target.standing === 'fallback' ? '6 5' : target.standing === 'shadow' ? '1.5 5' : undefined}
            strokeLinecap="round"
          />
        );
      })}
    </svg>
  );
}

function Target({ alias, target }: { alias: Alias; target: TargetHealth }) {
  const state = stateOf(target);
  return (
    <li className={look.target} data-tone={state.tone}>
      <div className={look.line}>
        <code className={look.name} title={target.model}>
          {target.model}
        </code>
        {target.standing !== 'target' && <Tag>{target.standing}</Tag>}
        <Tag tone={state.tone}>{state.words}</Tag>
        <span className={look.share}>{shareWords(alias, target)}</span>
      </div>
      <div className={look.facts}>
        <span>
          <b>{count(target.in_flight)}</b> in flight
        </span>
        <span>
          <b>{count(target.calls)}</b> {target.calls === 1 ? 'call' : 'calls'}
        </span>
        <span>
          <b>{target.calls ? percent(target.failures, target.calls) : '–'}</b> failed
        </span>
        {target.first_token_ms !== null && (
          <span>
            <b>{milliseconds(target.first_token_ms)}</b> to the first token
          </span>
        )}
        <span>
          <b>{milliseconds(target.whole_ms)}</b> whole
        </span>
      </div>
      <p className={look.trouble} title={target.last_error ?? undefined}>
        {target.last_error ? (
          <>
            <When at={target.last_error_at} />: <Told text={target.last_error} />
          </>
        ) : (
          'No error seen.'
        )}
      </p>
    </li>
  );
}
