/** The parts of the settings, each with its own address. */
export const sections = [
  { name: 'password', label: 'Password', purpose: 'What people sign in with when no one-time link is at hand.' },
  { name: 'appearance', label: 'Appearance', purpose: 'How Quarterdeck looks in this browser.' },
  { name: 'about', label: 'About', purpose: 'What runs here, and as whom you are signed in.' },
] as const;

export type Section = (typeof sections)[number]['name'];
