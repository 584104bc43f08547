//! What is spoken: a recording, or what a program makes of the text. Always 8 kHz, one channel.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use dunlin_domain::wording;
use dunlin_domain::wording::Wording;

/// The rate of G.711.
const RATE: u32 = 8_000;
/// The longest speech: two minutes, so that a batch of calls ends within its claim.
const SAMPLES_MAX: usize = 120 * RATE as usize;
/// Speeches that are remembered within the process, so that a second try does not make them again.
const REMEMBERED_MAX: usize = 64;

/// Reads a WAV file.
pub(super) fn read_file(path: &Path) -> Result<Vec<i16>, Wording> {
    let place = path.display();
    let bytes = std::fs::read(path)
        .map_err(|error| wording!("无法读取 {place}：原文“{error}”", "cannot read {place}: {error}"))?;
    samples_of(&bytes).map_err(|complaint| complaint.at(&place.to_string()))
}

/// Reads a WAV: 16 bits, any rate from 8 to 48 kHz, one or two channels. The length of its data may be left open, as
/// programs do that write into a pipe.
pub(super) fn samples_of(bytes: &[u8]) -> Result<Vec<i16>, Wording> {
    let no_wav = || {
        wording!(
            "不是 WAV 文件；请提供 16 位采样的 RIFF/WAVE 文件",
            "it is no WAV file; give RIFF/WAVE with 16-bit samples"
        )
    };
    if bytes.get(..4) != Some(b"RIFF") || bytes.get(8..12) != Some(b"WAVE") {
        return Err(no_wav());
    }
    let word = |at: usize| Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
    let long = |at: usize| Some(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let mut at = 12;
    let mut form = None;
    while let (Some(name), Some(length)) = (bytes.get(at..at + 4), long(at + 4)) {
        let start = at + 8;
        match name {
            b"fmt " => {
                let read = || Some((word(start)?, word(start + 2)?, long(start + 4)?, word(start + 14)?));
                form = Some(read().ok_or_else(no_wav)?);
            }
            b"data" => {
                let (kind, channels, rate, bits) = form.ok_or_else(no_wav)?;
                if !matches!(kind, 1 | 0xFFFE) || bits != 16 || !matches!(channels, 1 | 2) {
                    return Err(wording!(
                        "{channels} 声道、{bits} 位的音频无法播放；请提供 16 位单声道 PCM",
                        "{channels} channels of {bits} bits cannot be spoken; give 16-bit PCM, one channel"
                    ));
                }
                if !(RATE..=48_000).contains(&rate) {
                    return Err(wording!(
                        "采样率 {rate} Hz 的音频无法播放；请提供 8000 至 48000 Hz",
                        "{rate} Hz cannot be spoken; give 8000 to 48000 Hz"
                    ));
                }
                let end = start.saturating_add(length as usize).min(bytes.len());
                return resampled(&bytes[start..end], usize::from(channels), rate);
            }
            _ => {}
        }
        at = start.saturating_add(length as usize).saturating_add(length as usize & 1);
    }
    Err(no_wav())
}

/// The first channel at 8 kHz: each sample is the mean of those that fall on it, which keeps high tones from folding down.
fn resampled(data: &[u8], channels: usize, rate: u32) -> Result<Vec<i16>, Wording> {
    let own: Vec<i32> = data
        .chunks_exact(2 * channels)
        .map(|frame| i32::from(i16::from_le_bytes([frame[0], frame[1]])))
        .collect();
    let count = own.len() as u64 * u64::from(RATE) / u64::from(rate);
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    if count == 0 {
        return Err(wording!("其中没有声音", "it has no sound"));
    }
    if count > SAMPLES_MAX {
        return Err(wording!(
            "时长超过两分钟；没有人会听这么久",
            "it is longer than two minutes; nobody listens so long"
        ));
    }
    let place = |index: usize| (index as u64 * u64::from(rate) / u64::from(RATE)) as usize;
    let sample = |index: usize| {
        let (from, to) = (place(index), place(index + 1).max(place(index) + 1).min(own.len()));
        let sum: i32 = own[from..to].iter().sum();
        i16::try_from(sum / i32::try_from(to - from).unwrap_or(1)).unwrap_or(0)
    };
    Ok((0..count).map(sample).collect())
}

/// Has programs speak texts, and remembers what they said. Nothing is written to a disk, since texts name debts.
#[derive(Default)]
pub(super) struct Speaker {
    said: HashMap<[u8; 32], Vec<i16>>,
}

impl Speaker {
    /// What `command` makes of `text`: the text on its standard input, a WAV on its standard output.
    pub fn speak(&mut self, command: &[String], text: &str) -> Result<Vec<i16>, String> {
        let key = ring::digest::digest(&ring::digest::SHA256, format!("{command:?}\u{1f}{text}").as_bytes());
        let key: [u8; 32] = key.as_ref().try_into().expect("a digest has 32 bytes");
        if let Some(known) = self.said.get(&key) {
            return Ok(known.clone());
        }
        let samples = run(command, text)?;
        if self.said.len() >= REMEMBERED_MAX {
            self.said.clear();
        }
        self.said.insert(key, samples.clone());
        Ok(samples)
    }
}

fn run(command: &[String], text: &str) -> Result<Vec<i16>, String> {
    let Some((program, arguments)) = command.split_first() else {
        return Err("no command is set that speaks".to_owned());
    };
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("{program} does not start: {error}"))?;
    let mut input = child.stdin.take().expect("it is piped");
    let text = format!("{text}\n");
    // Written beside, so that a program which answers before it has read everything does not wait for us for ever.
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output().map_err(|error| format!("{program} cannot be read: {error}"))?;
    // A program that does not read all of it says so by what it answers.
    let _written = writer.join();
    if !output.status.success() {
        return Err(format!("{program} ended with {}", output.status));
    }
    samples_of(&output.stdout).map_err(|complaint| format!("what {program} answered: {}", complaint.en))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wav(rate: u32, channels: u16, bits: u16, samples: &[i16]) -> Vec<u8> {
        let data: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
        let mut bytes = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0".to_vec();
        bytes.extend(channels.to_le_bytes());
        bytes.extend(rate.to_le_bytes());
        bytes.extend((rate * u32::from(channels) * 2).to_le_bytes());
        bytes.extend((channels * 2).to_le_bytes());
        bytes.extend(bits.to_le_bytes());
        bytes.extend(b"data\xFF\xFF\xFF\x7F");
        bytes.extend(data);
        bytes
    }

    #[test]
    fn recordings_are_brought_to_the_rate_of_the_line() {
        assert_eq!(samples_of(&wav(8_000, 1, 16, &[1, 2, 3])), Ok(vec![1, 2, 3]));
        assert_eq!(samples_of(&wav(16_000, 1, 16, &[10, 20, 30, 50])), Ok(vec![15, 40]));
        assert_eq!(samples_of(&wav(8_000, 2, 16, &[1, 99, 2, 99])), Ok(vec![1, 2]));
        assert_eq!(samples_of(&wav(22_050, 1, 16, &[100; 2_205])).map(|it| it.len()), Ok(800));
        let refused = |bytes: &[u8]| samples_of(bytes).expect_err("it cannot be spoken").en;
        assert!(refused(b"RIFF").contains("no WAV file"));
        assert!(refused(&wav(8_000, 1, 8, &[1])).contains("16-bit PCM"));
        assert!(refused(&wav(4_000, 1, 16, &[1])).contains("4000 Hz"));
        assert!(refused(&wav(8_000, 1, 16, &[])).contains("no sound"));
        assert!(refused(&wav(8_000, 1, 16, &[0; SAMPLES_MAX + 1])).contains("two minutes"));
    }

    #[test]
    fn a_program_that_cannot_speak_says_so_and_one_that_can_is_asked_once() {
        let mut speaker = Speaker::default();
        let command = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let refused = speaker.speak(&command(&["false"]), "x").expect_err("it fails");
        assert!(refused.contains("false ended with"), "{refused}");
        let missing = speaker.speak(&command(&["/no/such/program"]), "x").expect_err("it is not there");
        assert!(missing.contains("does not start"), "{missing}");
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join("a.wav");
        std::fs::write(&file, wav(8_000, 1, 16, &[7; 4])).expect("a file");
        let cat = command(&["cat", &file.to_string_lossy()]);
        assert_eq!(speaker.speak(&cat, "x"), Ok(vec![7; 4]));
        std::fs::remove_file(&file).expect("it goes");
        assert_eq!(speaker.speak(&cat, "x"), Ok(vec![7; 4]), "it is remembered");
        assert!(speaker.speak(&cat, "y").is_err(), "another text is another speech");
    }
}
