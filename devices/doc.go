// Package devices is what is plugged into a terminal: card reader, receipt printer and
// code scanner, the lamp at the card reader and the loudspeaker. It holds no code; this
// page says what the words mean and how a driver is added, tried and looked at in the
// field.
//
// # Words
//
//	port    a serial line under a name that stays (ports lists them); it may be lost
//	        and come back, which internal/serialport alone deals with
//	frame   what the bytes of a line are cut into (internal/frame)
//	device  what answers: its driver turns frames into values of idcard, printer
//	        or scanner
//	module  the certified part of every card reader, which speaks for it
//	trace   what passed on a line, written down without any person in it
//
// # A reading
//
// A driver polls for a card, reads it, and holds it until it was taken. An
// exclusive-or with eight bits protects an answer, so one reading is believed only
// while nothing speaks against it: after a fault on the line, and for a card whose
// own data contradict each other, two equal readings are needed. Who reads on is
// told what the reader does (idcard.Progress); Offline means that the module is
// silent or its port is gone.
//
// A poll costs the processor more by waking it than by what it does. So a reader is
// told when a person is asked for a card (Expect): it looks fifty times a second then
// and three times otherwise, which still shows a card within 400 ms. Lines are waited
// for by the runtime, never in slices of time.
//
// # Light and sound
//
// A lamp shows off, on or blinking; the kernel's LED class stands for whatever drives
// it. A speaker plays tones that are made here, and after them a sentence: the
// district's own recording, or the one that the terminal brings along (assets/voice).
//
// # A slip
//
// A document has a body and a tail; the tail carries the code that makes a slip
// valid, and is sent only when the body is known to be printed. What a printer can
// prove is found out when it is first asked and called its level: kioskctl doctor
// says it. A proof never exceeds the level, and a fault while a slip is under way
// empties the printer, so that nothing of an earlier resident prints on the next
// roll. Everything that can go wrong has a name (sim.Scenarios), the same for tests
// and for devsim ctl scenario.
//
// # A new driver
//
// It stands beside idcard/samv, printer/escpos or scanner/engine, speaks over
// internal/serialport, returns the values of the package above it, and passes the
// contract of idcardtest, printertest or scannertest against a device simulated in
// sim, in memory and over a pseudo terminal; lamps and speakers have lamptest and
// speakertest. All that it reads from outside has a
// fuzz target. Only the terminal's appliance names it.
//
// # On real hardware
//
//	KIOSK_READER_PORT=/dev/ttyUSB0 go test -v -timeout 30m -run RealReader ./devices/idcard/samv
//
// asks a person to lay cards down and to take them away, and holds the reader to the
// same contract; KIOSK_READER_DRIVER=tarm picks the other serial library. The long
// form of the readings over noisy lines is scripts/faults readings.
//
// What a reader does in the field is written down by kioskctl trace and played back
// by devsim replay. How fast it is, and what waiting costs, say
//
//	go test -run - -bench . -benchtime 5x ./devices/idcard/samv
//
//	KIOSK_PRINTER_PORT=/dev/ttyUSB1 go test -v -timeout 30m -run RealPrinter ./devices/printer/...
//
// holds a printer to the contract of printertest; it takes some two metres of paper.
// KIOSK_PRINTER_BAUD, KIOSK_PRINTER_DRIVER (bugst, tarm) and KIOSK_PRINTER_FAMILY
// (epson, custom, citizen) say what is not usual of it.
package devices
