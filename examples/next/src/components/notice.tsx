/** Something went wrong. */
export function Notice({ message, reasons = [] }: { message: string; reasons?: readonly string[] }) {
  return (
    <div className="notice" role="alert">
      {message}
      {reasons.length > 0 && (
        <ul>
          {reasons.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      )}
    </div>
  )
}
