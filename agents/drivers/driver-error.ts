export { DriverError } from '../errors.ts';
