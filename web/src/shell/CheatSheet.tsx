/** Every key, on one card. */
import { Modal } from '@mantine/core';
import { everywhere } from './destinations';
import { mac } from './Rail';
import look from './CheatSheet.module.css';

const sheets: { title: string; keys: [string, string][] }[] = [
  {
    title: 'Everywhere',
    keys: [
      [mac ? '⌘ K' : 'Ctrl K', 'Jump to a page, an app or a trace'],
      ['/', 'Go to the search of this page'],
      ['T', 'Change the theme'],
      ['?', 'Show this card'],
      ['Esc', 'Close a panel'],
      ...everywhere.map((place): [string, string] => [`G ${place.letter.toUpperCase()}`, `Go to ${place.label}`]),
    ],
  },
  {
    title: 'Traces',
    keys: [
      ['J  K', 'Next and previous trace'],
      ['Enter', 'Open the trace'],
      ['L', 'Follow live'],
    ],
  },
  {
    title: 'One trace',
    keys: [
      ['↑  ↓', 'Next and previous span'],
      ['←  →', 'Fold and unfold'],
      ['R', 'Replay'],
    ],
  },
  {
    title: 'Ask',
    keys: [
      ['Enter', 'Send'],
      ['Shift Enter', 'New line'],
      ['N', 'New conversation'],
    ],
  },
];

export default function CheatSheet({ onClose }: { onClose: () => void }) {
  return (
    <Modal opened onClose={onClose} title="Keys" size={680}>
      <div className={look.sheets}>
        {sheets.map((sheet) => (
          <section key={sheet.title}>
            <h3 className={look.title}>{sheet.title}</h3>
            <dl>
              {sheet.keys.map(([keys, does]) => (
                <div key={keys + does} className={look.row}>
                  <dt>{does}</dt>
                  <dd>
                    {keys.split(' ').filter(Boolean).map((key) => (
                      <kbd key={key}>{key}</kbd>
                    ))}
                  </dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Modal>
  );
}
