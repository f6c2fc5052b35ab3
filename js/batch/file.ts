// The file in which a batch's requests go to their provider: filled line by line, and begun anew when it is full.

/** Lines are made a Blob by the megabyte: a browser keeps those on its disk, and a list of small pieces is slow to join. */
const PIECE_BYTES = 1 << 20;

const encoder = new TextEncoder();

/** What the core says of files: what stands before, between and behind the lines, and how much one may hold. */
export interface Form {
  form: [before: string, between: string, behind: string];
  rows: number;
  bytes: number;
}

/** A file and the rows that are in it: from the first to before `to`, those that were refused excepted. */
export interface File {
  from: number;
  to: number;
  body: Blob;
}

export class Files {
  readonly #form: Form;
  readonly #done: File[] = [];
  #blobs: Blob[] = [];
  #lines: Uint8Array<ArrayBuffer>[] = [];
  #pending = 0;
  #bytes = 0;
  #rows = 0;
  #from = 0;
  #to = 0;

  constructor(form: Form) {
    this.#form = form;
  }

  /** Adds a row's line; false: it is longer than a file may be. */
  add(index: number, text: string): boolean {
    const { form, rows, bytes } = this.#form;
    const line = encoder.encode(this.#rows > 0 ? form[1] + text : text);
    // In round numbers: what stands around the lines is a few hundred bytes, and has room in what was left.
    const most = bytes - 1_000;
    if (line.length > most) return false;
    if (this.#rows === rows || this.#bytes + line.length > most) {
      this.#seal();
      return this.add(index, text);
    }
    this.#lines.push(line);
    this.#pending += line.length;
    this.#bytes += line.length;
    this.#rows++;
    this.#to = index + 1;
    if (this.#pending >= PIECE_BYTES) this.#press();
    return true;
  }

  /** All files. */
  end(): File[] {
    if (this.#rows > 0) this.#seal();
    return this.#done;
  }

  #press(): void {
    this.#blobs.push(new Blob(this.#lines));
    this.#lines = [];
    this.#pending = 0;
  }

  #seal(): void {
    const [before, , behind] = this.#form.form;
    this.#done.push({ from: this.#from, to: this.#to, body: new Blob([before, ...this.#blobs, ...this.#lines, behind]) });
    this.#from = this.#to;
    this.#blobs = [];
    this.#lines = [];
    this.#pending = this.#bytes = this.#rows = 0;
  }
}
