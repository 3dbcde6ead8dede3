declare module 'pino-roll' {
  import type { SonicBoom, SonicBoomOpts } from 'sonic-boom';

  interface RollOptions extends Omit<SonicBoomOpts, 'dest' | 'fd'> {
    readonly file: string;
    readonly extension?: string;
    readonly dateFormat?: string;
    readonly frequency?: 'daily' | 'hourly' | number;
  }
  export default function roll(options: RollOptions): Promise<SonicBoom>;
}
