// Package sim simulates what is plugged into a kiosk, byte for byte: an ID card
// reader with a SAM_V module, an ESC/POS receipt printer and a 2D code scanner, at
// the pace of the line and of the mechanism, with faults on request. It is for
// tests, demonstrations and measuring; no shipped program imports it.
//
// A device (Reader, Printer, Scanner) keeps its state while lines come and go; Run
// serves one line: a pseudo terminal (PTY) for real drivers, or a Cable for
// tests that run on a simulated clock.
package sim
