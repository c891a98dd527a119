/** What one could ask: what others asked, or what the documents are about. */
import { IconCornerDownRight } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import * as queries from '../api/queries';
import type { App } from '../api/types';
import { suggestions } from './suggesting';
import look from './Suggestions.module.css';

const LABELS = { app: 'Try one of these', traces: 'Asked recently', documents: 'From its documents' };

export function Suggestions({ app, onAsk }: { app: App; onAsk: (question: string) => void }) {
  const base = useKnowledgeOf(app);
  const recent = useQuery(queries.recentQuestions(app.name));
  const documents = useInfiniteQuery({ ...queries.documents(base ?? '', ''), enabled: base !== undefined });
  const offered = recent.isPending ? null : suggestions(app.suggested_questions, recent.data?.items ?? [], documents.data?.pages[0]?.items ?? []);
  return (
    <div className={look.start}>
      <h2 className={look.title}>{app.name}</h2>
      <p className={look.words}>{app.description}</p>
      {offered && offered.questions.length > 0 && (
        <>
          <h3 className={look.label}>{LABELS[offered.from]}</h3>
          <ul className={look.list}>
            {offered.questions.map((question) => (
              <li key={question}>
                <button type="button" className={look.question} onClick={() => onAsk(question)}>
                  <IconCornerDownRight size={14} stroke={1.7} aria-hidden />
                  {question}
                </button>
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}

/** The knowledge base that the live release of the app reads. */
function useKnowledgeOf(app: App): string | undefined {
  const detail = useQuery(queries.app(app.name)).data;
  return detail?.release?.members.find((member) => member.role === 'index')?.name;
}
