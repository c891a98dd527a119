/** One span, whole: what went in and out, what it cost, and what it carries. */
import type { Span } from '../api/types';
import { Failure } from '../parts/Failure';
import { KindTile } from '../parts/KindTile';
import { kindOf } from '../parts/kinds';
import { SidePanel } from '../parts/SidePanel';
import { Refusal } from '../api/refusal';
import { count, milliseconds } from '../text/numbers';
import type { Tab } from './address';
import { Attributes } from './Attributes';
import { CostLines } from './CostLines';
import { Said } from './Said';
import look from './Inspector.module.css';

interface Props {
  span: Span;
  tab: Tab;
  onTab: (tab: Tab) => void;
}

export function Inspector({ span, tab, onTab }: Props) {
  const tabs: { name: Tab; label: string; count?: number }[] = [
    { name: 'messages', label: 'Input and output' },
    { name: 'cost', label: 'Cost', count: span.cost_lines.length },
    { name: 'attributes', label: 'Attributes', count: Object.keys(span.attributes).length },
  ];
  return (
    <SidePanel
      label="Span"
      takesFocus={false}
      head={
        <>
          <KindTile kind={span.kind} />
          <span className={look.name}>{span.name}</span>
          <span className={look.facts}>
            {kindOf(span.kind).label} · {milliseconds(span.latency_ms)}
            {span.input_tokens != null && ` · ${count(span.input_tokens)} → ${count(span.output_tokens ?? 0)} tokens`}
          </span>
        </>
      }
    >
      <div className={look.tabs} role="tablist" aria-label="About this span">
        {tabs.map((one) => (
          <button
            key={one.name}
            id={`tab-${one.name}`}
            type="button"
            role="tab"
            aria-selected={one.name === tab}
            aria-controls="span-panel"
            tabIndex={one.name === tab ? 0 : -1}
            className={look.tab}
            onClick={() => onTab(one.name)}
            onKeyDown={(event) => {
              const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
              if (!step) return;
              const next = tabs[(tabs.indexOf(one) + step + tabs.length) % tabs.length]!;
              onTab(next.name);
              document.getElementById(`tab-${next.name}`)?.focus();
            }}
          >
            {one.label}
            {one.count !== undefined && <span className={look.count}>{one.count}</span>}
          </button>
        ))}
      </div>
      <div id="span-panel" role="tabpanel" aria-labelledby={`tab-${tab}`} className={look.panel}>
        {span.status === 'error' && span.status_message && <Failure thrown={new Refusal(span.status_message, { status: 400, code: 'error' })} title="This span failed" />}
        {tab === 'messages' && (
          <>
            <Said title="Input" value={span.input} />
            <Said title="Output" value={span.output} answer />
          </>
        )}
        {tab === 'cost' && <CostLines span={span} />}
        {tab === 'attributes' && <Attributes span={span} />}
      </div>
    </SidePanel>
  );
}
