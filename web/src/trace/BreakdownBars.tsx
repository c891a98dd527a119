/** Where the time, the money and the tokens went: three bars that one compares at a glance. */
import type { Span } from '../api/types';
import { kindOf } from '../parts/kinds';
import { compact, dollars, milliseconds, percent } from '../text/numbers';
import { breakdown, type Share } from './breakdown';
import look from './BreakdownBars.module.css';

export function BreakdownBars({ spans }: { spans: Span[] }) {
  const { time, cost, tokens } = breakdown(spans);
  return (
    <section className={look.bars} aria-labelledby="went">
      <h2 id="went" className={look.title}>
        Where time and money went
      </h2>
      <Stack label="Time" shares={time} format={milliseconds} />
      <Stack label="Cost" shares={cost} format={(usd) => dollars(usd)} none="no priced call" />
      <Stack label="Tokens" shares={tokens} format={compact} none="none" />
    </section>
  );
}

function Stack({ label, shares, format, none }: { label: string; shares: Share[]; format: (value: number) => string; none?: string }) {
  const whole = shares.reduce((sum, share) => sum + share.value, 0);
  return (
    <div className={look.stack}>
      <span className={look.label}>{label}</span>
      <span className={look.bar}>
        {shares.map((share) => (
          <span key={share.kind} title={`${kindOf(share.kind).label}: ${format(share.value)}`} style={{ flexGrow: share.value / whole, background: `color-mix(in srgb, ${kindOf(share.kind).color} 62%, var(--surface))` }} />
        ))}
      </span>
      <span className={look.words}>
        {whole === 0
          ? none
          : shares.slice(0, 3).map((share) => (
              <span key={share.kind} className={look.word}>
                <i style={{ background: kindOf(share.kind).color }} />
                {kindOf(share.kind).label} {format(share.value)}
                {shares.length > 1 && <small>{percent(share.value, whole)}</small>}
              </span>
            ))}
      </span>
    </div>
  );
}
