// Package escpos drives thermal receipt printers that speak ESC/POS over a
// serial line: it encodes documents, reads the answers and proves what came out
// of the paper slot. It does not decide what stands on a slip.
//
// Words: a command is sent to the printer; real-time commands (DLE ...) are
// executed on receipt, even while the printer is offline; queued ones wait for
// everything before them. A reply is one answer of the printer. A process ID is
// four characters that the printer sends back when all before them is printed.
//
// A character that the printer's own font lacks is drawn: as a picture of one
// character (ESC * 33) inside its line, or, in titles, as a picture of the row
// (GS v 0). Either way it takes two half-width columns, as all Chinese does.
//
// Levels say what a printer can prove: 0 nothing, 1 real-time status, 2 an
// ordered echo (GS r), 3 automatic status (GS a), 4 process IDs (GS ( H), 5 a
// sensor at the exit besides. A claim never exceeds the level.
//
// A family is a maker's dialect: which bits tell paper and exit, what draws back a
// slip that was left behind, whether replies keep bits that tell them apart. Each
// is a file in families; a new one is a file and a line in config and sim.
package escpos
