// `npm run build`: the publishable SDK and the dashboard's static files.
import { ensureBuilt, ensureInstalled } from './set-up.js';

ensureInstalled();
ensureBuilt();
