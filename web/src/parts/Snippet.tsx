/** A few lines to run, with the real address in them, in the language of the reader. */
import { useState } from 'react';
import { CopyButton } from './CopyButton';
import look from './Snippet.module.css';

export interface Language {
  name: string;
  code: string;
}

export function Snippet({ languages, label }: { languages: Language[]; label: string }) {
  const [name, setName] = useState(languages[0]!.name);
  const shown = languages.find((language) => language.name === name) ?? languages[0]!;
  return (
    <figure className={look.snippet} aria-label={label}>
      <div className={look.head}>
        <div className={look.names} role="group" aria-label="Language">
          {languages.map((language) => (
            <button key={language.name} type="button" className={look.name} aria-pressed={language === shown} onClick={() => setName(language.name)}>
              {language.name}
            </button>
          ))}
        </div>
        <CopyButton text={shown.code} label="Copy the code" />
      </div>
      {/* Scrolls sideways, so the keyboard must be able to reach it. */}
      <pre className={look.code} tabIndex={0} role="region" aria-label={`${label}, ${shown.name}`}>
        {shown.code}
      </pre>
    </figure>
  );
}
