/** Hears what is tried. */
export type Say = (line: string) => void;

/** A way to start a server of our own. */
export type Launcher =
  | { readonly kind: 'binary'; readonly path: string }
  | { readonly kind: 'docker'; readonly image: string };

/** Finds a real Redis, whatever the machine offers; see the source for the order. */
export declare function findLauncher(options?: { say?: Say }): Promise<Launcher>;
