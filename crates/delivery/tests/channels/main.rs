//! Each channel, against real folders and real servers of other makes.

mod http;
mod inquiry;
mod sip;
mod smpp;
mod smtp;
mod spool;
mod support;
