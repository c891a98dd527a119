/** The kinds of work in a trace: a name, an icon and a colour each, always shown together. */
import { IconBoxModel2, IconCircleDashed, IconFileText, IconLink, IconRobot, IconSearch, IconShieldCheck, IconSparkles, IconTool, IconVector, type Icon } from '@tabler/icons-react';
import type { SpanKind } from '../api/types';

interface Kind {
  label: string;
  icon: Icon;
  color: string;
}

export const kinds: Record<SpanKind, Kind> = {
  app: { label: 'App', icon: IconBoxModel2, color: 'var(--kind-agent)' },
  chain: { label: 'Chain', icon: IconLink, color: 'var(--kind-agent)' },
  agent: { label: 'Agent', icon: IconRobot, color: 'var(--kind-agent)' },
  llm: { label: 'Model', icon: IconSparkles, color: 'var(--kind-llm)' },
  retrieval: { label: 'Retrieval', icon: IconSearch, color: 'var(--kind-retrieval)' },
  prompt: { label: 'Prompt', icon: IconFileText, color: 'var(--kind-eval)' },
  guardrail: { label: 'Guardrail', icon: IconShieldCheck, color: 'var(--kind-guardrail)' },
  embedding: { label: 'Embedding', icon: IconVector, color: 'var(--kind-embedding)' },
  tool: { label: 'Tool', icon: IconTool, color: 'var(--kind-tool)' },
  other: { label: 'Other', icon: IconCircleDashed, color: 'var(--kind-agent)' },
};

export function kindOf(kind: SpanKind): Kind {
  return kinds[kind] ?? kinds.other;
}
