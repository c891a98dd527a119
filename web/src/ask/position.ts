/** Where in its document a passage stands, in words. */
interface Place {
  line_start: number | null;
  line_end: number | null;
  page: number | null;
}

export function position({ line_start, line_end, page }: Place): string {
  if (page != null) return `page ${page}`;
  if (line_start == null) return '';
  return line_end != null && line_end !== line_start ? `lines ${line_start}–${line_end}` : `line ${line_start}`;
}
