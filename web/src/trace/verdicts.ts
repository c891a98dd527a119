/** What a guard found out about the sentences of an answer. */

export interface Verdict {
  sentence: string;
  outcome: string;
  score: number | null;
  evidence: string;
  problems: string[];
}

/** The verdicts in the output of a guard; null when the value is something else. */
export function verdicts(value: unknown): Verdict[] | null {
  if (!Array.isArray(value) || value.length === 0 || !value.every(judged)) return null;
  return value.map((one) => ({
    sentence: one.sentence,
    outcome: one.outcome,
    score: typeof one.score === 'number' ? one.score : null,
    evidence: typeof one.evidence === 'string' ? one.evidence : '',
    problems: Array.isArray(one.problems) ? one.problems.map(String) : [],
  }));
}

type Judged = Record<string, unknown> & { sentence: string; outcome: string };

function judged(value: unknown): value is Judged {
  return typeof value === 'object' && value !== null && 'sentence' in value && typeof value.sentence === 'string' && 'outcome' in value && typeof value.outcome === 'string';
}
