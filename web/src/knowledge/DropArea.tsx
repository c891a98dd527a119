/** Takes files and folders that are dropped anywhere on it. */
import { useState, type ReactNode } from 'react';
import { dropped } from './dropped';
import type { Found } from './uploading';
import look from './DropArea.module.css';

export function DropArea({ onFiles, words, children }: { onFiles: (found: Found[]) => void; words: string; children: ReactNode }) {
  const [over, setOver] = useState(0);
  return (
    <div
      className={look.area}
      onDragEnter={() => setOver((n) => n + 1)}
      onDragLeave={() => setOver((n) => n - 1)}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        setOver(0);
        void dropped(event.dataTransfer).then(onFiles);
      }}
    >
      {children}
      {over > 0 && (
        <div className={look.over} aria-hidden>
          {words}
        </div>
      )}
    </div>
  );
}
