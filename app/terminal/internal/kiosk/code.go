package kiosk

// Code is what staff read out on the telephone when something failed. The
// hundreds say where to look: 1 card reader, scanner, light and sound, 2 printer, 3 line
// and central, 4 queue and storage, 5 declared files and settings, 6 the visit itself.
type Code string

// The codes. A code, once shipped, keeps its meaning.
const (
	CodeReaderOffline  Code = "K-101" // the card reader does not answer
	CodeReaderFailing  Code = "K-102" // cards are found but cannot be read
	CodeCardRefused    Code = "K-103" // the card's own data contradict each other
	CodeScannerOffline Code = "K-104" // the code scanner's port is not there
	CodeLightFailing   Code = "K-105" // the lamp at the card reader cannot be lit
	CodeSoundFailing   Code = "K-106" // a sound or a recording cannot be played
	CodePrinterOffline Code = "K-201" // the printer does not answer
	CodePaperOut       Code = "K-202"
	CodePaperNearEnd   Code = "K-203"
	CodeCoverOpen      Code = "K-204"
	CodePrinterFault   Code = "K-205" // cutter, heat or an unrecoverable fault
	CodeSlipInDoubt    Code = "K-206" // a slip may or may not have come out
	CodeLineDown       Code = "K-301" // no connection to the central
	CodeCentralFailing Code = "K-302" // connected, but the answers are errors
	CodeCentralRefused Code = "K-303" // the central does not accept this terminal
	CodeClockWrong     Code = "K-304" // wall clock and central disagree
	CodeOtherSealKey   Code = "K-305" // the central's seal key is not the one that is trusted
	CodeNotEnrolled    Code = "K-306" // the terminal has no certificate
	CodeCertificateEnd Code = "K-307" // the certificate nears its end and is not renewed
	CodeUntrusted      Code = "K-308" // what answers is not a central that is trusted
	CodeWrongAck       Code = "K-309" // the central's acknowledgement does not fit what was sent
	CodeStoreFull      Code = "K-401"
	CodeStoreDamaged   Code = "K-402"
	CodeStoreFailing   Code = "K-403" // reading or writing the file fails
	CodeEntryParked    Code = "K-404" // an application was refused and waits for staff
	CodeEntryLate      Code = "K-405" // an application is past its promised time
	CodeJournalBroken  Code = "K-406"
	CodeStoreSetAside  Code = "K-407" // a damaged state file was set aside, another is in use
	CodeEvacuated      Code = "K-408" // the queue was carried away and the terminal takes nothing
	CodeFenced         Code = "K-409" // another terminal sends applications that lie here
	CodeJournalDoubted Code = "K-410" // the central has an alarm about the journal
	CodeConfigInvalid  Code = "K-501"
	CodeCatalogueWrong Code = "K-502"
	CodePackRefused    Code = "K-503" // a fetched pack did not pass its checks
	CodeNotKept        Code = "K-601" // filing failed, nothing was kept
)
