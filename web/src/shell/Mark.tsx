/** The mark: a Q that is also a ship's wheel, seen from the quarterdeck. */
export function Mark({ size = 22 }: { size?: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 32 32" aria-hidden>
      <rect width="32" height="32" rx="8" fill="var(--accent-fill)" />
      <g fill="none" stroke="#fff" strokeLinecap="round">
        <circle cx="16" cy="16" r="7" strokeWidth="2.6" />
        <circle cx="16" cy="16" r="1.7" fill="#fff" stroke="none" />
        <path strokeWidth="2.2" d="M16 4.6v2.6M16 24.8v2.6M4.6 16h2.6M24.8 16h2.6M8 8l1.8 1.8M24 8l-1.8 1.8M8 24l1.8-1.8" />
        <path strokeWidth="2.8" d="M20.2 20.2 25 25" />
      </g>
    </svg>
  );
}
