import packageFile from '../package.json' with { type: 'json' };

/** Version of Belay; all packages share it. */
export const version: string = packageFile.version;
