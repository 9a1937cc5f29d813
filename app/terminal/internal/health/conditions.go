package health

import "leye/app/terminal/internal/kiosk"

// conditions are ordered by code.
var conditions = [...]Condition{
	{
		kiosk.CodeReaderOffline, Error,
		Text{"读卡器没有应答", "the card reader does not answer"},
		Text{"检查读卡器的电源和连线，再拔插一次", "check the reader's power and cable, then plug it in again"},
	},
	{
		kiosk.CodeReaderFailing, Warning,
		Text{"读卡器能找到卡但读不出", "cards are found but cannot be read"},
		Text{"擦拭读卡区，换一张证件再试；仍不行请报修", "wipe the reader, try another card; if that fails too, have the reader replaced"},
	},
	{
		kiosk.CodeCardRefused, Info,
		Text{"证件内的信息互相矛盾", "a card's own data contradict each other"},
		Text{"请居民到窗口办理", "send the resident to the counter"},
	},
	{
		kiosk.CodeScannerOffline, Warning,
		Text{"扫码器没有接上", "the code scanner is not connected"},
		Text{"检查扫码器的电源和连线，再拔插一次", "check the scanner's power and cable, then plug it in again"},
	},
	{
		kiosk.CodeLightFailing, Info,
		Text{"读卡区的指示灯不亮", "the lamp at the card reader cannot be lit"},
		Text{"检查指示灯的连线和 [light] led；没有它也能办理", "check the lamp's cable and [light] led; visits work without it"},
	},
	{
		kiosk.CodeSoundFailing, Info,
		Text{"提示音或录音放不出来", "a sound or a recording cannot be played"},
		Text{"检查音箱、声卡和 [sound]，装上 alsa-utils；没有它也能办理", "check loudspeaker, sound card and [sound], and install alsa-utils; visits work without it"},
	},
	{
		kiosk.CodePrinterOffline, Error,
		Text{"打印机没有应答", "the printer does not answer"},
		Text{"检查打印机的电源和连线", "check the printer's power and cable"},
	},
	{
		kiosk.CodePaperOut, Error,
		Text{"打印机缺纸", "the printer is out of paper"},
		Text{"换一卷新纸，合上盖子", "put in a new roll and close the cover"},
	},
	{
		kiosk.CodePaperNearEnd, Warning,
		Text{"打印纸快用完了", "the paper is near its end"},
		Text{"准备一卷新纸", "have a new roll at hand"},
	},
	{
		kiosk.CodeCoverOpen, Error,
		Text{"打印机盖子开着", "the printer's cover is open"},
		Text{"合上盖子，听到卡扣声为止", "close the cover until it clicks"},
	},
	{
		kiosk.CodePrinterFault, Error,
		Text{"打印机有故障", "the printer has a fault"},
		Text{"关机，清除卡纸，冷却后再开机；仍不行请报修", "switch it off, take out jammed paper, let it cool and switch it on; if that fails, have it repaired"},
	},
	{
		kiosk.CodeSlipInDoubt, Warning,
		Text{"有一张回执不知是否已打出", "a slip may or may not have come out"},
		Text{"查看出纸口，按终端编号在队列中核对", "look at the paper exit and compare with the queue by reference"},
	},
	{
		kiosk.CodeLineDown, Warning,
		Text{"连不上区中心", "there is no connection to the central"},
		Text{"检查网线和交换机；已交的申请保存在本机，会自动补传", "check the network cable and switch; what was handed in is kept here and sent by itself later"},
	},
	{
		kiosk.CodeCentralFailing, Warning,
		Text{"区中心的应答有错", "the central answers with errors"},
		Text{"告知区中心值班人员；已交的申请保存在本机", "tell the central's staff; what was handed in is kept here"},
	},
	{
		kiosk.CodeCentralRefused, Error,
		Text{"区中心不接受本终端", "the central does not accept this terminal"},
		Text{"核对终端编号和证书，联系区中心登记", "compare terminal name and certificate, and have the central enrol it"},
	},
	{
		kiosk.CodeClockWrong, Error,
		Text{"本机时钟不准", "the terminal's clock is wrong"},
		Text{"检查时间同步服务，再核对日期和时间", "check the time service, then compare date and time"},
	},
	{
		kiosk.CodeOtherSealKey, Error,
		Text{"区中心的封装密钥不是本机信任的那一把", "the central's seal key is not the one that this terminal trusts"},
		Text{"向区中心核对密钥指纹；确认更换后写入 [central] seal_key", "compare the fingerprint with the central's staff; if the key was changed on purpose, put it into [central] seal_key"},
	},
	{
		kiosk.CodeNotEnrolled, Error,
		Text{"本终端尚未在区中心登记", "the terminal is not enrolled with the central"},
		Text{"向区中心要一次性登记码，运行 kioskctl enrol；终端自己接着用", "ask the central's staff for a one-time code and run kioskctl enrol; the kiosk goes on by itself"},
	},
	{
		kiosk.CodeCertificateEnd, Warning,
		Text{"本终端的证书即将到期，还没有更新", "the terminal's certificate nears its end and is not renewed"},
		Text{"检查网络和区中心；到期后须重新登记", "check line and central; once it has ended, the terminal has to be enrolled again"},
	},
	{
		kiosk.CodeUntrusted, Error,
		Text{"应答的不是本终端信任的区中心", "what answers is not a central that the terminal trusts"},
		Text{"核对本机时钟和 [central] url；都对则有人冒充区中心，请报告安全负责人", "compare the clock and [central] url; if both are right somebody poses as the central: report it"},
	},
	{
		kiosk.CodeWrongAck, Error,
		Text{"区中心的回执与所交的申请对不上", "the central's acknowledgement does not fit what was sent"},
		Text{"申请仍保存在本机，会重新上传；请报告区中心负责人", "the application is kept and sent again; report it to the central's staff"},
	},
	{
		kiosk.CodeStoreFull, Error,
		Text{"磁盘空间不足，不能再收申请", "the disk is full, no application can be taken"},
		Text{"删除无关文件；不要删除终端自己的数据文件", "remove files that do not belong here; never the terminal's own state file"},
	},
	{
		kiosk.CodeStoreDamaged, Error,
		Text{"终端的数据文件已损坏", "the terminal's state file is damaged"},
		Text{"重新启动终端：它会隔离该文件并换一个新的；不要删除任何文件", "start the kiosk again: it sets the file aside and makes another; delete nothing"},
	},
	{
		kiosk.CodeStoreFailing, Error,
		Text{"读写终端的数据文件失败", "reading or writing the state file fails"},
		Text{"检查磁盘和文件权限", "check the disk and the file's permissions"},
	},
	{
		kiosk.CodeEntryParked, Warning,
		Text{"有申请被退回，等待工作人员处理", "an application was refused and waits for staff"},
		Text{"用 kioskctl outbox list 查看，与居民联系", "see kioskctl outbox list and get in touch with the resident"},
	},
	{
		kiosk.CodeEntryLate, Error,
		Text{"有申请超过了承诺的上传时间", "an application is past its promised time"},
		Text{"检查网络和区中心，用 kioskctl outbox list 查看", "check line and central, and see kioskctl outbox list"},
	},
	{
		kiosk.CodeJournalBroken, Error,
		Text{"审计记录的链条断了", "the journal's chain is broken"},
		Text{"停用本机，保留数据文件，报告安全负责人", "take the terminal out of use, keep the state file and report it"},
	},
	{
		kiosk.CodeStoreSetAside, Warning,
		Text{"数据文件曾损坏，已隔离，终端用新文件继续服务", "the state file was damaged and set aside, the terminal goes on with another"},
		Text{"用 kioskctl store list 查看取回了什么、少了什么；检查磁盘；处理完后 kioskctl store discard", "see kioskctl store list for what was salvaged and what was not; check the disk; then kioskctl store discard"},
	},
	{
		kiosk.CodeEvacuated, Error,
		Text{"本机待上传的申请已转出，暂停服务", "what waited here was evacuated and the terminal is out of service"},
		Text{"把转出文件交给另一台终端接收；恢复服务用 kioskctl evacuate --undo 或 --reopen", "have another terminal adopt the file; to serve again: kioskctl evacuate --undo or --reopen"},
	},
	{
		kiosk.CodeFenced, Info,
		Text{"有申请已由另一台终端接收上传", "another terminal has adopted applications that lie here"},
		Text{"无需处理，本机不再上传这些申请", "nothing to do: this terminal does not send them any more"},
	},
	{
		kiosk.CodeJournalDoubted, Error,
		Text{"区中心对本机的审计记录有疑问", "the central has doubts about this terminal's journal"},
		Text{"保留数据文件，联系区中心查明原因；查明后由区中心解除", "keep the state file and call the central's staff: they settle it once it is explained"},
	},
	{
		kiosk.CodeConfigInvalid, Error,
		Text{"配置文件有错", "the configuration has faults"},
		Text{"按所指的文件和行修改，再运行 kioskctl config check", "mend the named file and line, then run kioskctl config check"},
	},
	{
		kiosk.CodeCatalogueWrong, Error,
		Text{"事项目录或政策文件有错", "the catalogue or a policy has faults"},
		Text{"用 kioskctl catalogue check 查看", "see kioskctl catalogue check"},
	},
	{
		kiosk.CodePackRefused, Warning,
		Text{"下载的目录包没有通过检查", "a fetched pack did not pass its checks"},
		Text{"终端继续用旧的目录；告知区中心", "the terminal goes on with the old one; tell the central's staff"},
	},
	{
		kiosk.CodeNotKept, Error,
		Text{"一份申请没有保存成功", "an application could not be kept"},
		Text{"请居民重新提交；检查磁盘空间", "ask the resident to hand it in again, and check the disk"},
	},
}
