import java.io.IOException;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.ProtocolException;
import java.net.URI;

/** Sends a body as often as it is told, whole before it reads, and prints what it saw each time. */
class Sender {
    public static void main(String[] words) throws Exception {
        byte[] body = new byte[Integer.parseInt(words[3])];
        for (int turn = 0; turn < Integer.parseInt(words[4]); turn++) {
            System.out.println(send(words[0], words[1], words[2], body));
        }
    }

    private static String send(String method, String address, String framing, byte[] body) {
        try {
            HttpURLConnection one = (HttpURLConnection) URI.create(address).toURL().openConnection();
            one.setRequestMethod(method);
            one.setDoOutput(true);
            one.setRequestProperty("Content-Type", "application/octet-stream");
            if (framing.equals("chunked")) {
                one.setChunkedStreamingMode(0);
            } else if (!framing.equals("length")) {
                one.setFixedLengthStreamingMode(body.length);
            }
            if (framing.equals("expect")) {
                one.setRequestProperty("Expect", "100-continue");
            }
            write(one, body);
            String connection = one.getHeaderField("Connection");
            return one.getResponseCode() + " " + (connection != null ? connection : "-");
        } catch (Exception problem) {
            return problem.toString();
        }
    }

    /** Sends the body, unless the answer to `Expect` is a final one. */
    private static void write(HttpURLConnection one, byte[] body) throws IOException {
        OutputStream sink;
        try {
            sink = one.getOutputStream();
        } catch (ProtocolException refused) {
            return;
        }
        try (sink) {
            sink.write(body);
        }
    }
}
